// The probes of the comparison that is shown. They are no part of the feed: what is newer is asked for, and what has left
// the ribbons is forgotten.

import type { ComparisonView } from "../../generated/ComparisonView";
import type { LaneKind } from "../../generated/LaneKind";
import type { Probe } from "../../generated/Probe";
import type { Problem } from "../../generated/Problem";
import type { Backend } from "../backend";
import { groupBy } from "../group";
import { asProblem } from "../problem";
import { SPAN } from "./ribbon";

/** Each lane's probes, oldest first. */
export type ByLane = ReadonlyMap<LaneKind, readonly Probe[]>;

const none: ByLane = groupBy<LaneKind, Probe>([], ({ lane }) => lane);

/** What there was and what came since. A probe that was held is answered late and belongs where it began. */
export function withNewer(before: ByLane, newer: readonly Probe[]): ByLane {
  const all = [...[...before.values()].flat(), ...newer].sort((a, b) => a.at - b.at || a.number - b.number);
  const since = (all.at(-1)?.at ?? 0) - SPAN;
  return groupBy(all.filter(({ at }) => at >= since), ({ lane }) => lane);
}

export class Probes {
  lanes = $state.raw<ByLane>(none);
  /** Why they cannot be read; `null` while they can. */
  refused = $state.raw<Problem | null>(null);

  #backend: Backend;
  /** When the comparison that they are of was opened; numbers begin anew with each. */
  #of: number | null = null;
  #last = 0;
  #wanted = 0;
  #asking = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** To be called after every change; `null` while there is no comparison. */
  follow(comparison: ComparisonView | null): void {
    if ((comparison?.opened_at ?? null) !== this.#of) {
      this.#of = comparison?.opened_at ?? null;
      this.#last = 0;
      this.lanes = none;
      this.refused = null;
    }
    this.#wanted = comparison?.probes ?? 0;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      while (this.#wanted > this.#last) {
        const of = this.#of;
        const newer = await this.#backend.probes(this.#last);
        // Meanwhile another comparison may have been opened.
        if (of !== this.#of) continue;
        this.refused = null;
        const last = newer.at(-1);
        if (last === undefined) break;
        this.#last = newer.reduce((most, { number }) => Math.max(most, number), this.#last);
        this.lanes = withNewer(this.lanes, newer);
      }
    } catch (thrown) {
      this.refused = asProblem(thrown);
    } finally {
      this.#asking = false;
    }
  }
}
