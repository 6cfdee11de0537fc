// From a click on "Compare" to the lanes, and the story that tells itself on the demo cluster.

import type { ComparisonView } from "../../generated/ComparisonView";
import type { ContextId } from "../../generated/ContextId";
import type { PortRef } from "../../generated/PortRef";
import type { Problem } from "../../generated/Problem";
import type { RowPort } from "../../generated/RowPort";
import type { Backend } from "../backend";
import { asProblem } from "../problem";
import { contextKey } from "../same";
import { Probes } from "./probes.svelte";
import { goesOn, type Story } from "./story";

/** A port of a Service, to be compared. */
export interface Compared {
  readonly context: ContextId;
  readonly namespace: string;
  readonly service: string;
  readonly port: PortRef;
}

/** Whether this is the comparison of that. */
export function isOf(view: ComparisonView, what: Compared): boolean {
  return (
    contextKey(view.context) === contextKey(what.context) &&
    view.namespace === what.namespace &&
    view.service === what.service &&
    isPort(view.port, what.port)
  );
}

function isPort(port: RowPort, asked: PortRef): boolean {
  return typeof asked === "number" ? port.port === asked : port.name === asked;
}

export class Comparing {
  /** What is being opened; `null` once it is there. */
  asked = $state.raw<Compared | null>(null);
  /** Why the last thing that was asked for was not done. */
  refused = $state.raw<Problem | null>(null);
  /** Where the story is, while one is told. */
  story = $state.raw<Story | null>(null);
  readonly probes: Probes;

  #backend: Backend;
  #view: ComparisonView | null = null;
  /** When the comparison before the one that is asked for was opened. */
  #before: number | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.probes = new Probes(backend);
  }

  /** Opens a comparison; the one of the same port is gone back to, unless it has to be a new one. */
  open(what: Compared, anew = false): void {
    this.refused = null;
    this.story = null;
    if (!anew && this.#view && isOf(this.#view, what) && this.#view.state.state !== "failed") return;
    this.asked = what;
    this.#before = this.#view?.opened_at ?? null;
    this.#backend.compare(what.context, what.namespace, what.service, what.port).catch((thrown: unknown) => {
      if (this.asked === what) this.#fail(thrown);
    });
  }

  /** Opens a comparison and tells the story in it. */
  tell(what: Compared): void {
    this.open(what, true);
    this.story = { step: "opening" };
  }

  /** Closes the comparison, or does not wait for it any longer. */
  close(): void {
    this.asked = null;
    this.refused = null;
    this.story = null;
    if (this.#view) void this.attempt(this.#backend.closeComparison());
  }

  /** Waits for what was asked for, and says what went wrong. */
  async attempt(call: Promise<unknown>): Promise<void> {
    this.refused = null;
    try {
      await call;
    } catch (thrown) {
      this.refused = asProblem(thrown);
    }
  }

  /** To be called with the comparison after every change. */
  settle(view: ComparisonView | null): void {
    if (view === this.#view) return;
    this.#view = view;
    this.probes.follow(view);
    if (view === null) {
      if (this.asked === null) this.story = null;
      return;
    }
    if (this.asked && isOf(view, this.asked) && view.opened_at !== this.#before) this.asked = null;
    if (this.story && this.asked === null) this.#goOn(this.story, view);
  }

  #goOn(story: Story, view: ComparisonView): void {
    const next = goesOn(story, view);
    this.story = next;
    if (next?.step !== "deleting" || story.step === "deleting") return;
    this.#backend.deleteComparedPod(next.uid).then(
      () => {
        if (this.story === next) this.story = { step: "telling", pod: next.pod, since: next.since };
      },
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #fail(thrown: unknown): void {
    this.asked = null;
    this.story = null;
    this.refused = asProblem(thrown);
  }
}
