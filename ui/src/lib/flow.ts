// What a tunnel carried in the last minute, second by second, from the counters as they arrive. Keeping it costs an addition
// for each answer; it is drawn only where somebody looks.

import type { Counters } from "../generated/Counters";
import type { SessionId } from "../generated/SessionId";
import type { SessionView } from "../generated/SessionView";

/** How far back it goes, in seconds. */
export const SECONDS = 60;

/** Bytes of one second. */
export interface Second {
  readonly up: number;
  readonly down: number;
}

/** The last minute of one tunnel. */
export class Flow {
  /** By the second modulo the length; `#last` is the newest that was written. */
  #up = new Float64Array(SECONDS);
  #down = new Float64Array(SECONDS);
  #last: number;
  #read: Pick<Counters, "bytes_up" | "bytes_down">;

  /** From a first reading on: what was before has no time. */
  constructor(counters: Counters, at: number) {
    this.#read = counters;
    this.#last = Math.floor(at / 1000);
  }

  /** Takes in the counters at a time, in milliseconds. Counters that fell belong to another run and begin anew. */
  note(counters: Counters, at: number): void {
    const up = counters.bytes_up - this.#read.bytes_up;
    const down = counters.bytes_down - this.#read.bytes_down;
    this.#read = counters;
    if (up < 0 || down < 0) return;
    const second = Math.floor(at / 1000);
    this.#clear(second);
    if (this.#last - second >= SECONDS) return;
    const place = second % SECONDS;
    this.#up[place] = (this.#up[place] ?? 0) + up;
    this.#down[place] = (this.#down[place] ?? 0) + down;
  }

  /** The last minute before a time, oldest first. The second that still runs is left out. */
  until(at: number): Second[] {
    const end = Math.floor(at / 1000);
    return Array.from({ length: SECONDS }, (_, n) => {
      const second = end - SECONDS + n;
      if (second > this.#last || second <= this.#last - SECONDS) return { up: 0, down: 0 };
      const place = second % SECONDS;
      return { up: this.#up[place] ?? 0, down: this.#down[place] ?? 0 };
    });
  }

  /** Forgets what the seconds up to this one have taken the place of. */
  #clear(second: number): void {
    for (let one = Math.max(this.#last + 1, second - SECONDS + 1); one <= second; one++) {
      this.#up[one % SECONDS] = 0;
      this.#down[one % SECONDS] = 0;
    }
    this.#last = Math.max(this.#last, second);
  }
}

/** The flows of all tunnels. */
export class Flows {
  #flows = new Map<SessionId, Flow>();

  /** To be called with the sessions after every change. */
  note(sessions: ReadonlyMap<string, SessionView>, at: number): void {
    for (const { id, counters } of sessions.values()) {
      const flow = this.#flows.get(id);
      if (flow) flow.note(counters, at);
      else this.#flows.set(id, new Flow(counters, at));
    }
    if (this.#flows.size <= sessions.size) return;
    const there = new Set([...sessions.values()].map(({ id }) => id));
    for (const id of this.#flows.keys()) if (!there.has(id)) this.#flows.delete(id);
  }

  of(session: SessionId): Flow | null {
    return this.#flows.get(session) ?? null;
  }
}

/** The line of a chart that is `width` by `height`, as an SVG path: the values' share of `most`, from left to right. */
export function lineOf(values: readonly number[], most: number, width: number, height: number): string {
  const step = width / Math.max(1, values.length - 1);
  const y = (value: number) => round(height - (most > 0 ? Math.min(1, value / most) : 0) * height);
  return values.map((value, n) => `${n === 0 ? "M" : "L"}${round(n * step)} ${y(value)}`).join("");
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
