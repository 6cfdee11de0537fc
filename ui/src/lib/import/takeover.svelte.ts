// The `kubectl port-forward` processes that run, and taking them over: only after the user has confirmed which are ended.

import type { KubectlProcess } from "../../generated/KubectlProcess";
import type { Problem } from "../../generated/Problem";
import type { Backend } from "../backend";
import { asProblem } from "../problem";

/** One that could not be taken over, and why. */
export interface Failed {
  readonly pid: number;
  readonly problem: Problem;
}

export class TakingOver {
  /** Those that run; `null` until it is known. */
  processes = $state.raw<readonly KubectlProcess[] | null>(null);
  /** Those whose end the user is asked to confirm. */
  confirming = $state.raw<readonly KubectlProcess[]>([]);
  /** The pids whose tunnels shall be open to others, as they are. */
  open = $state.raw<readonly number[]>([]);
  /** What did not work. */
  failed = $state.raw<readonly Failed[]>([]);
  /** How many were taken over. */
  taken = $state(0);
  /** Why nobody knows which run. */
  refused = $state.raw<Problem | null>(null);
  busy = $state(false);

  readonly possible = $derived((this.processes ?? []).filter(({ offer }) => offer.can === "take_over"));

  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async look(): Promise<void> {
    this.confirming = [];
    this.refused = null;
    try {
      this.processes = await this.#backend.kubectlProcesses();
    } catch (thrown) {
      this.refused = asProblem(thrown);
    }
  }

  /** Asks whether these shall be ended. */
  ask(which: readonly KubectlProcess[]): void {
    this.failed = [];
    this.confirming = which;
  }

  /** Whether a process's tunnel shall be reachable by others, as it is now. */
  keepOpen(pid: number, open: boolean): void {
    this.open = open ? [...this.open, pid] : this.open.filter((kept) => kept !== pid);
  }

  /** Ends those that were asked about, one after the other, and opens their tunnels. One that fails holds no other up. */
  async confirm(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.taken = 0;
    this.failed = [];
    for (const process of this.confirming) {
      try {
        await this.#backend.takeOver(process, !this.open.includes(process.pid));
        this.taken += 1;
      } catch (thrown) {
        this.failed = [...this.failed, { pid: process.pid, problem: asProblem(thrown) }];
      }
    }
    this.busy = false;
    await this.look();
  }
}
