// A session's events as they are read: newest first, each in a sentence.

import type { SessionEvent } from "../generated/SessionEvent";
import type { Tone } from "./marks";

/** The engine keeps no more either. */
const KEPT = 1000;

/** What there was, newest first, and what came since, oldest first. */
export function withNewer(before: readonly SessionEvent[], newer: readonly SessionEvent[]): SessionEvent[] {
  const last = before[0]?.n ?? 0;
  return [...newer.filter(({ n }) => n > last).reverse(), ...before].slice(0, KEPT);
}

/** How it went, for a mark beside the words; `idle` is neither good nor bad. */
export function toneOf({ event }: SessionEvent): Tone {
  switch (event) {
    case "active":
      return "ok";
    case "waiting":
    case "not_followed":
    case "retried":
    case "refused":
    case "cut":
      return "wait";
    case "broken":
    case "failed":
    case "delivered_unanswered":
      return "broken";
    default:
      return "idle";
  }
}
