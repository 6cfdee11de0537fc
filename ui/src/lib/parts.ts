// The engine's state as the window holds it, and the pure function that brings it up to date.

import type { Changes } from "../generated/Changes";
import type { ComparisonView } from "../generated/ComparisonView";
import type { ContextView } from "../generated/ContextView";
import type { DesktopView } from "../generated/DesktopView";
import type { KubeconfigView } from "../generated/KubeconfigView";
import type { ListView } from "../generated/ListView";
import type { LoginShell } from "../generated/LoginShell";
import type { Part } from "../generated/Part";
import type { ProfilesView } from "../generated/ProfilesView";
import type { ProfileView } from "../generated/ProfileView";
import type { Row } from "../generated/Row";
import type { SessionId } from "../generated/SessionId";
import type { SessionView } from "../generated/SessionView";
import type { SettingsView } from "../generated/SettingsView";

/** Everything the engine has told so far. The maps are keyed by the parts' keys. */
export interface Parts {
  readonly kubeconfig: KubeconfigView | null;
  readonly list: ListView | null;
  readonly comparison: ComparisonView | null;
  readonly kept: ProfilesView | null;
  readonly profiles: ReadonlyMap<string, ProfileView>;
  readonly settings: SettingsView | null;
  readonly loginShell: LoginShell | null;
  readonly desktop: DesktopView | null;
  /** The sessions of which the desktop is not told. */
  readonly silenced: readonly SessionId[];
  readonly contexts: ReadonlyMap<string, ContextView>;
  readonly sessions: ReadonlyMap<string, SessionView>;
  readonly rows: ReadonlyMap<string, Row>;
}

/** What the window has before the first answer. */
export const nothing: Parts = {
  kubeconfig: null,
  list: null,
  comparison: null,
  kept: null,
  profiles: new Map(),
  settings: null,
  loginShell: null,
  desktop: null,
  silenced: [],
  contexts: new Map(),
  sessions: new Map(),
  rows: new Map(),
};

/**
 * Applies one answer. What did not change keeps its identity, down to the maps, so that only what changed is drawn
 * again: a list has thousands of rows, and counters move five times a second.
 */
export function apply(before: Parts, changes: Changes): Parts {
  const draft = new Draft(changes.full ? nothing : before);
  for (const key of changes.removed) draft.remove(key);
  for (const { key, part } of changes.changed) draft.set(key, part);
  return draft.parts;
}

class Draft {
  parts: Parts;
  /** The maps that were copied for this answer and may be written. */
  #own = new Set<unknown>();

  constructor(from: Parts) {
    this.parts = from;
  }

  set(key: string, part: Part): void {
    switch (part.part) {
      case "kubeconfig":
        this.parts = { ...this.parts, kubeconfig: part.value };
        break;
      case "list":
        this.parts = { ...this.parts, list: part.value };
        break;
      case "comparison":
        this.parts = { ...this.parts, comparison: part.value };
        break;
      case "profiles":
        this.parts = { ...this.parts, kept: part.value };
        break;
      case "profile":
        this.#writable("profiles").set(key, part.value);
        break;
      case "settings":
        this.parts = { ...this.parts, settings: part.value };
        break;
      case "login_shell":
        this.parts = { ...this.parts, loginShell: part.value };
        break;
      case "desktop":
        this.parts = { ...this.parts, desktop: part.value };
        break;
      case "silenced":
        this.parts = { ...this.parts, silenced: part.value };
        break;
      case "context":
        this.#writable("contexts").set(key, part.value);
        break;
      case "session":
        this.#writable("sessions").set(key, part.value);
        break;
      case "row":
        this.#writable("rows").set(key, part.value);
        break;
    }
  }

  remove(key: string): void {
    if (key === "kubeconfig") this.parts = { ...this.parts, kubeconfig: null };
    else if (key === "list") this.parts = { ...this.parts, list: null };
    else if (key === "comparison") this.parts = { ...this.parts, comparison: null };
    else if (key === "profiles") this.parts = { ...this.parts, kept: null };
    else for (const kind of ["contexts", "sessions", "rows", "profiles"] as const) {
      if (this.parts[kind].has(key)) this.#writable(kind).delete(key);
    }
  }

  #writable<K extends "contexts" | "sessions" | "rows" | "profiles">(kind: K): MapOf<Parts[K]> {
    if (!this.#own.has(this.parts[kind])) {
      const copy = new Map<string, unknown>(this.parts[kind]);
      this.#own.add(copy);
      this.parts = { ...this.parts, [kind]: copy };
    }
    return this.parts[kind] as unknown as MapOf<Parts[K]>;
  }
}

type MapOf<M> = M extends ReadonlyMap<string, infer V> ? Map<string, V> : never;
