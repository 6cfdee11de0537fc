// Throughput, from the difference of two readings of a session's counters.

import type { Counters } from "../generated/Counters";

/** A reading and what it says about the time since the one before. Rates are in bytes a second. */
export interface Reading {
  readonly at: number;
  readonly up: number;
  readonly down: number;
  readonly upRate: number;
  readonly downRate: number;
}

/** Shorter spans say more about timers than about traffic, in milliseconds. */
const SHORTEST = 500;

/** The next reading. Counters that fell belong to another run and start anew. */
export function read(before: Reading | null, counters: Counters, at: number): Reading {
  const up = counters.bytes_up;
  const down = counters.bytes_down;
  if (before === null || up < before.up || down < before.down) return { at, up, down, upRate: 0, downRate: 0 };
  const span = at - before.at;
  if (span < SHORTEST) return before;
  return { at, up, down, upRate: ((up - before.up) * 1000) / span, downRate: ((down - before.down) * 1000) / span };
}
