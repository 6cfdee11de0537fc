// An import while it is decided upon: what was pasted, what would come of it, and what the user has said to that.

import type { ContextChoice } from "../../generated/ContextChoice";
import type { ContextId } from "../../generated/ContextId";
import type { Imported } from "../../generated/Imported";
import type { ImportPlan } from "../../generated/ImportPlan";
import type { ImportSource } from "../../generated/ImportSource";
import type { Problem } from "../../generated/Problem";
import type { Backend } from "../backend";
import { asProblem } from "../problem";
import { tooLarge } from "../words/importing";
import { carriedOver, choicesOf, type Decided } from "./decisions";

/** The longest history is far smaller, in bytes. Whatever is larger was dropped by mistake. */
const LARGEST = 8 * 1024 * 1024;

export class Importing {
  /** What was pasted or dropped. */
  text = $state("");
  /** Where it is read from; `null` while there is nothing to read. */
  source = $state.raw<ImportSource | null>(null);
  /** What would come of it. */
  plan = $state.raw<ImportPlan | null>(null);
  /** What is decided about each of its items. */
  decided = $state.raw<readonly Decided[]>([]);
  /** Why it cannot be read. */
  unread = $state.raw<Problem | null>(null);
  /** Why it could not be done. */
  refused = $state.raw<Problem | null>(null);
  /** What was done last. */
  done = $state.raw<Imported | null>(null);
  /** Whether it is being done. */
  busy = $state(false);

  readonly #backend: Backend;
  #contexts: ContextChoice[] = [];
  /** Answers come in any order; only the one to the last question counts. */
  #asked = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Reads what is typed, pasted or dropped. */
  async type(text: string): Promise<void> {
    this.text = text;
    await this.#from(text.trim() === "" ? null : { from: "text", text });
  }

  /** Reads a file. */
  async file(file: File): Promise<void> {
    if (file.size > LARGEST) {
      await this.type("");
      this.unread = tooLarge(file.name);
    } else {
      await this.type(await file.text());
    }
  }

  /** Reads the Services of a namespace. */
  async services(context: ContextId, namespace: string, each: boolean): Promise<void> {
    this.text = "";
    await this.#from({ from: "services", context, namespace, each });
  }

  async #from(source: ImportSource | null): Promise<void> {
    this.source = source;
    this.done = null;
    this.refused = null;
    this.#contexts = [];
    await this.#read();
  }

  /** Says which context a name means. */
  async choose(name: string, to: ContextId | null): Promise<void> {
    this.#contexts = [...this.#contexts.filter((choice) => choice.name !== name), { name, to }];
    await this.#read();
  }

  /** Decides about an item of the plan. */
  decide(at: number, what: Partial<Decided>): void {
    this.decided = this.decided.map((decided, n) => (n === at ? { ...decided, ...what } : decided));
  }

  /** Does what was decided. */
  async take(): Promise<void> {
    const { source, plan } = this;
    if (!source || !plan || this.busy) return;
    this.busy = true;
    this.refused = null;
    try {
      this.done = await this.#backend.importProfiles(source, choicesOf(plan, this.decided));
      this.source = null;
      this.plan = null;
      this.text = "";
    } catch (thrown) {
      this.refused = asProblem(thrown);
      // What it was about may be another by now.
      await this.#read();
    } finally {
      this.busy = false;
    }
  }

  async #read(): Promise<void> {
    const { source } = this;
    const asked = ++this.#asked;
    if (!source) {
      this.plan = null;
      this.unread = null;
      return;
    }
    try {
      const plan = await this.#backend.planImport(source, this.#contexts);
      if (asked !== this.#asked) return;
      this.decided = carriedOver(this.plan, this.decided, plan);
      this.plan = plan;
      this.unread = null;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.plan = null;
      this.unread = asProblem(thrown);
    }
  }
}
