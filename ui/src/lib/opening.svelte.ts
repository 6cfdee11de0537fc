// From a click on a port to an address on the clipboard.

import { SvelteSet } from "svelte/reactivity";

import type { ContextId } from "../generated/ContextId";
import type { Forward } from "../generated/Forward";
import type { PortMap } from "../generated/PortMap";
import type { Problem } from "../generated/Problem";
import type { Row } from "../generated/Row";
import type { SessionId } from "../generated/SessionId";
import type { SessionView } from "../generated/SessionView";
import type { Backend } from "./backend";
import { isOver } from "./phase";
import { asProblem } from "./problem";

/** How long "copied" is said, in milliseconds. */
const SAID = 1600;

/** How long a new connection is held while no pod can take it: the engine's own default, until the settings are known. */
const HOLD_SECONDS = 30;

/** What was copied last. */
export interface Copied {
  readonly session: SessionId;
  readonly slot: number;
  readonly address: string;
}

/** A session to bring into sight. Every request is a new object, so that asking twice shows it twice. */
export interface Shown {
  readonly id: SessionId;
}

/** What a click on a row's port asks the engine for. */
export function forwardOf(context: ContextId, row: Pick<Row, "namespace" | "target">, port: PortMap, holdSeconds: number = HOLD_SECONDS): Forward {
  return {
    context,
    namespace: row.namespace,
    target: row.target,
    ports: [port],
    bind: [],
    balance: null,
    hold_seconds: holdSeconds,
    wait_for_name: false,
  };
}

/** Opens tunnels and copies addresses. */
export class Opening {
  /** What was copied a moment ago. */
  copied = $state.raw<Copied | null>(null);
  /** The session that the user is at: opened or asked for last. Its card is shown where others are folded. */
  at = $state<SessionId | null>(null);
  /** The card to bring into sight. */
  shown = $state.raw<Shown | null>(null);

  #backend: Backend;
  #busy = new SvelteSet<string>();
  /** Started sessions whose address is still to be copied. Nothing is drawn from it. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  #expected = new Map<SessionId, Expected>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Whether a click on this chip is still on its way: a second one would open a second tunnel. */
  busy(chip: string): boolean {
    return this.#busy.has(chip);
  }

  /** Opens a tunnel and copies its address once it listens. Resolves with what went wrong, else with `null`. */
  async open(chip: string, forward: Forward, sessions: () => Iterable<SessionView>): Promise<Problem | null> {
    if (this.#busy.has(chip)) return null;
    this.#busy.add(chip);
    try {
      const id = await this.#backend.start(forward);
      this.at = id;
      return await new Promise<Problem | null>((resolve) => {
        this.#expected.set(id, { chip, done: resolve });
        // The feed may have been faster than the answer.
        this.settle(sessions());
      });
    } catch (thrown) {
      return asProblem(thrown);
    } finally {
      this.#busy.delete(chip);
    }
  }

  /** To be called with the sessions after every change. */
  settle(sessions: Iterable<SessionView>): void {
    if (this.#expected.size === 0) return;
    for (const session of sessions) {
      const expected = this.#expected.get(session.id);
      if (expected === undefined) continue;
      // The chip shows the session from here on, so it can be clicked again.
      this.#busy.delete(expected.chip);
      const [listener] = session.listeners;
      if (listener === undefined && !isOver(session.phase)) continue;
      this.#expected.delete(session.id);
      if (listener === undefined) {
        // It ended before it listened: its card says why.
        this.show(session.id);
        expected.done(null);
      } else {
        void this.copy(session.id, listener.slot, listener.address).then(expected.done);
      }
    }
  }

  /** Copies a session's address and says so. Resolves with what went wrong, else with `null`. */
  async copy(session: SessionId, slot: number, address: string): Promise<Problem | null> {
    try {
      await this.#backend.copy(address);
    } catch (thrown) {
      return asProblem(thrown);
    }
    this.copied = { session, slot, address };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.copied = null), SAID);
    return null;
  }

  /** Whether "copied" is said of this port. */
  justCopied(session: SessionId, slot: number): boolean {
    return this.copied !== null && this.copied.session === session && this.copied.slot === slot;
  }

  /** Brings a session's card into sight. */
  show(id: SessionId): void {
    this.at = id;
    this.shown = { id };
  }
}

interface Expected {
  readonly chip: string;
  readonly done: (problem: Problem | null) => void;
}
