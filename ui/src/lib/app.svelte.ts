// What the window knows and looks at. The engine owns the state; this holds the copy that is drawn.

import { createContext } from "svelte";

import type { Changes } from "../generated/Changes";
import type { ContextId } from "../generated/ContextId";
import type { ContextView } from "../generated/ContextView";
import type { ListKind } from "../generated/ListKind";
import type { Problem } from "../generated/Problem";
import type { Scope } from "../generated/Scope";
import type { SessionId } from "../generated/SessionId";
import type { View } from "../generated/View";
import type { Backend } from "./backend";
import { causesOf } from "./causes";
import { openPorts } from "./chips";
import { coloursOf, wishOf } from "./colour";
import { Comparing, type Compared } from "./compare/comparing.svelte";
import type { Command } from "./commands";
import { DEMO } from "./compare/story";
import { follow } from "./feed";
import { Importing } from "./import/importing.svelte";
import { Flows } from "./flow";
import { Opening } from "./opening.svelte";
import { apply, nothing, type Parts } from "./parts";
import { asProblem } from "./problem";
import { Keeping } from "./profiles/keeping.svelte";
import { contextKey, sameView } from "./same";
import { viewOf } from "./selection";
import { besides, newestFirst } from "./sessions";

/** A Service, to be explained. */
export interface Explained {
  readonly context: ContextId;
  readonly namespace: string;
  readonly service: string;
}

/** What the middle shows. */
export type Centre =
  | { readonly shows: "list" }
  | { readonly shows: "comparison" }
  | { readonly shows: "import" }
  | { readonly shows: "profiles" }
  | { readonly shows: "settings" }
  | { readonly shows: "explanation"; readonly of: Explained };

export class App {
  readonly backend: Backend;
  readonly opening: Opening;
  readonly comparing: Comparing;
  readonly importing: Importing;
  readonly keeping: Keeping;

  parts = $state.raw<Parts>(nothing);
  /** Whether the engine has answered yet. */
  heard = $state(false);
  /** Why the engine cannot be asked; `null` while it can. */
  lost = $state.raw<Problem | null>(null);
  /** What the user looks at. The list part follows a moment later. */
  view = $state.raw<View | null>(null);
  /** What the middle shows. A list goes on being looked at behind a comparison. */
  centre = $state.raw<Centre>({ shows: "list" });
  /** What the list is narrowed by. */
  filter = $state("");
  /** What the tunnels carried in the last minute. */
  readonly flows = new Flows();
  /** What lies over the window. */
  overlay = $state<"palette" | "keys" | null>(null);
  /** Why the last command failed. */
  failed = $state.raw<Problem | null>(null);
  /** The row that the keyboard was at last, by key. */
  row = $state.raw<string | null>(null);
  /** Set to have the focus come into the list; the list unsets it. */
  entersList = $state(false);
  /** Counts requests for the filter: each brings the focus there. */
  filterSummons = $state(0);
  /** Counts requests for a namespace: each brings the focus to where one is chosen or typed. */
  namespaceSummons = $state(0);
  /** Why the view could not be changed. */
  refused = $state.raw<Problem | null>(null);

  readonly contexts = $derived(
    [...this.parts.contexts.values()].sort((a, b) => compare(a.id.name, b.id.name) || compare(a.id.source, b.id.source)),
  );
  readonly context = $derived.by(() => {
    const key = this.view && contextKey(this.view.context);
    return this.contexts.find((context) => contextKey(context.id) === key) ?? null;
  });
  readonly #colours = $derived(coloursOf(this.contexts.map((context) => context.id)));
  /** Those of a comparison are shown there, and not among the others. */
  readonly sessions = $derived(besides(newestFirst(this.parts.sessions), this.parts.comparison));
  /** What several of them wait for together. */
  readonly causes = $derived(causesOf(this.sessions));
  readonly open = $derived(openPorts(this.sessions));
  /** The list part, once it is the one that the user looks at. */
  readonly list = $derived(this.parts.list && sameView(this.parts.list.view, this.view) ? this.parts.list : null);

  /** The namespace last looked at in each context. Read on a click only: nothing is drawn from it. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  #scopes = new Map<string, Scope>();

  /** The context that is opened as soon as it is known. */
  #awaited: string | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    this.opening = new Opening(backend);
    this.comparing = new Comparing(backend);
    this.importing = new Importing(backend);
    this.keeping = new Keeping(backend);
  }

  /** Follows the engine; the answer stops it. */
  follow(): () => void {
    const stop = new AbortController();
    const reader = { news: (changes: Changes) => this.news(changes), lost: (problem: Problem | null) => (this.lost = problem) };
    void follow(this.backend, reader, stop.signal);
    return () => stop.abort();
  }

  /** A context's own colour. A session's context may have left the kubeconfig. */
  colour(context: ContextId): number {
    return this.#colours.get(contextKey(context)) ?? wishOf(context);
  }

  /** Starts the demo cluster and opens it. */
  async openDemo(): Promise<void> {
    await this.#demo();
    this.centre = { shows: "list" };
  }

  /** Starts the demo cluster and tells there what becomes of a Service and of a pod when the pod goes. */
  async showMe(): Promise<void> {
    const context = await this.#demo();
    this.comparing.tell({ context, ...DEMO });
    this.centre = { shows: "comparison" };
  }

  async #demo(): Promise<ContextId> {
    const context = await this.backend.demo();
    this.#awaited = contextKey(context);
    this.#lookAtAwaited();
    return context;
  }

  /** Compares the tunnel to a Service with the one to a pod of it. */
  compare(what: Compared): void {
    this.comparing.open(what);
    this.centre = { shows: "comparison" };
  }

  /** Closes the comparison, and goes back to the list. */
  closeComparison(): void {
    this.comparing.close();
    this.centre = { shows: "list" };
  }

  /** Says why a Service works, or does not. */
  explain(of: Explained): void {
    this.centre = { shows: "explanation", of };
  }

  /** Does what a command says, and shows why it could not. */
  async run(command: Command): Promise<void> {
    this.failed = null;
    try {
      await command.run();
    } catch (thrown) {
      this.failed = asProblem(thrown);
    }
  }

  /** Copies a session's address. */
  async copyAddress(session: SessionId, slot: number, address: string): Promise<void> {
    const problem = await this.opening.copy(session, slot, address);
    if (problem) throw problem;
  }

  /** Goes back to the list, to the row that one came from. A comparison goes on. */
  back(): void {
    if (this.centre.shows === "list") return;
    this.centre = { shows: "list" };
    this.entersList = true;
  }

  /** Brings the focus to the filter, from wherever one is. */
  summonFilter(): void {
    this.centre = { shows: "list" };
    this.filterSummons += 1;
  }

  /** Shows all profiles; with a name, that one's fields. */
  showProfiles(name: string | null = null): void {
    this.keeping.editing = name;
    this.centre = { shows: "profiles" };
  }

  /** Opens the settings, or goes back to the list. */
  toggleSettings(): void {
    this.centre = { shows: this.centre.shows === "settings" ? "list" : "settings" };
  }

  /** Whether a context is marked protected. One that is not known is not. */
  isProtected(context: ContextId): boolean {
    return this.contexts.some(({ id, protected: marked }) => marked && contextKey(id) === contextKey(context));
  }

  /** The context is known a moment before or after it is asked for. */
  #lookAtAwaited(): void {
    const context = this.contexts.find((context) => contextKey(context.id) === this.#awaited);
    if (!context) return;
    this.#awaited = null;
    this.#lookAtContext(context);
  }

  /** Takes in one answer. */
  news(changes: Changes): void {
    this.parts = apply(this.parts, changes);
    // After a reload of the page the engine still knows what was looked at.
    if (!this.heard && this.parts.list) this.view = this.parts.list.view;
    if (!this.heard && this.parts.comparison) this.centre = { shows: "comparison" };
    this.heard = true;
    if (this.view && !this.context) this.look(null);
    this.#lookAtAwaited();
    this.flows.note(this.parts.sessions, Date.now());
    this.opening.settle(this.parts.sessions.values());
    this.comparing.settle(this.parts.comparison);
    // Closed elsewhere: there is nothing to show any more.
    const { asked, refused } = this.comparing;
    if (this.centre.shows === "comparison" && !this.parts.comparison && !asked && !refused) this.centre = { shows: "list" };
  }

  /** Opens a context: where it was left, else at the namespace that kubectl would use. */
  lookAtContext(context: ContextView): void {
    this.#lookAtContext(context);
    this.centre = { shows: "list" };
  }

  #lookAtContext(context: ContextView): void {
    const view = viewOf(context, this.view?.list ?? "services");
    this.look({ ...view, namespace: this.#scopes.get(contextKey(context.id)) ?? view.namespace });
  }

  lookAtNamespace(namespace: Scope): void {
    this.centre = { shows: "list" };
    if (this.view) this.look({ ...this.view, namespace });
  }

  lookAtList(list: ListKind): void {
    this.centre = { shows: "list" };
    if (this.view) this.look({ ...this.view, list });
  }

  look(view: View | null): void {
    if (sameView(view, this.view) && !this.refused) return;
    this.view = view;
    this.refused = null;
    if (view) this.#scopes.set(contextKey(view.context), view.namespace);
    this.backend.look(view).catch((thrown: unknown) => {
      if (this.view === view) this.refused = asProblem(thrown);
    });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The one App of this window, for every component in it. */
export const [getApp, setApp] = createContext<App>();
