// What the user does with profiles, and what came of it. The engine keeps them; this holds what is on screen only.

import { SvelteSet } from "svelte/reactivity";

import type { Edit } from "../../generated/Edit";
import type { Problem } from "../../generated/Problem";
import type { ProfileView } from "../../generated/ProfileView";
import type { Backend } from "../backend";
import { asProblem } from "../problem";

export class Keeping {
  /** The profile whose fields are open. */
  editing = $state<string | null>(null);
  /** What could not be done, and to which profile; "" for what is none's own. */
  refused = $state.raw<{ readonly name: string; readonly problem: Problem } | null>(null);
  /** Notices that the user has put away. */
  readonly dismissed = new SvelteSet<string>();
  /** Profiles whose start or stop is on its way: a second click would take it back. */
  readonly busy = new SvelteSet<string>();

  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Does something about a profile. Resolves with its answer, or with `null` after it was said what went wrong. */
  async ask<T>(name: string, call: () => Promise<T>): Promise<T | null> {
    this.refused = null;
    try {
      return await call();
    } catch (thrown) {
      this.refused = { name, problem: asProblem(thrown) };
      return null;
    }
  }

  /** One click: starts what is idle, stops what runs, and tries again what was blocked. */
  async toggle({ name, run }: ProfileView): Promise<void> {
    if (this.busy.has(name)) return;
    this.busy.add(name);
    this.dismissed.delete(`moved ${name}`);
    try {
      await this.ask(name, () => (run.state === "open" ? this.#backend.stopProfiles([name]) : this.#backend.startProfiles([name])));
    } finally {
      this.busy.delete(name);
    }
  }

  async edit(name: string, edit: Edit): Promise<void> {
    const now = await this.ask(name, () => this.#backend.editProfile(name, edit));
    if (now !== null && this.editing === name) this.editing = now;
  }

  /** Adds a copy and opens its fields. */
  async duplicate(name: string): Promise<void> {
    const copy = await this.ask(name, () => this.#backend.duplicateProfile(name));
    if (copy !== null) this.editing = copy;
  }

  /** Removes one; the notice offers to put it back. */
  async remove(name: string): Promise<void> {
    this.dismissed.delete(`removed ${name}`);
    await this.ask(name, () => this.#backend.removeProfile(name));
  }

  problemOf(name: string): Problem | null {
    return this.refused?.name === name ? this.refused.problem : null;
  }
}
