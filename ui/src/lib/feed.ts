// The loop that asks the engine for news. The answer waits until there is some, so nothing here polls.

import type { Changes } from "../generated/Changes";
import type { Problem } from "../generated/Problem";
import type { Backend } from "./backend";
import { asProblem } from "./problem";

/** The first pause after a failed question, in milliseconds. */
const FIRST_PAUSE = 250;
/** The longest pause: the engine is in the same process, it is either back soon or gone. */
const LONGEST_PAUSE = 5000;

/** Who listens. */
export interface Reader {
  news(changes: Changes): void;
  /** The engine could not be asked; `null` once it answers again. */
  lost(problem: Problem | null): void;
}

/** Follows the engine's state until `signal` aborts. */
export async function follow(backend: Pick<Backend, "changes">, reader: Reader, signal: AbortSignal): Promise<void> {
  let revision = 0;
  let pause = 0;
  while (!signal.aborted) {
    try {
      const changes = await backend.changes(revision);
      if (signal.aborted) return;
      if (pause > 0) reader.lost(null);
      pause = 0;
      const stuck = changes.revision === revision;
      revision = changes.revision;
      reader.news(changes);
      // The engine answers when there is news and keeps the pace. Should it ever not, the window must not spin.
      if (stuck) await sleep(FIRST_PAUSE);
    } catch (thrown) {
      if (signal.aborted) return;
      reader.lost(asProblem(thrown));
      pause = Math.min(LONGEST_PAUSE, pause === 0 ? FIRST_PAUSE : pause * 2);
      await sleep(pause);
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
