// What a rejected call becomes.

import type { Problem } from "../generated/Problem";

/** The engine rejects with a `Problem`; Tauri itself (an unknown command, a closed window) with whatever it has. */
export function asProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "server", message, next: "" };
}

function isProblem(thrown: unknown): thrown is Problem {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown && "next" in thrown;
}
