// Many sessions: over six a card folds to a line, by context, and what is in trouble comes first.

import type { ContextId } from "../generated/ContextId";
import type { SessionView } from "../generated/SessionView";
import { groupBy } from "./group";
import { shownAs, WORST } from "./phase";
import { contextKey } from "./same";

/** So many cards are shown whole. */
const CARDS = 6;

/** The sessions of one context, a line each. */
export interface Fold {
  readonly key: string;
  readonly context: ContextId;
  readonly sessions: readonly SessionView[];
}

/** Whether so many sessions are folded. */
export function isMany(sessions: readonly SessionView[]): boolean {
  return sessions.length > CARDS;
}

/** By context. Those in trouble come first, of contexts as of sessions; the others keep their order. */
export function foldsOf(sessions: readonly SessionView[]): Fold[] {
  const sorted = [...sessions].sort((a, b) => trouble(a) - trouble(b));
  return [...groupBy(sorted, ({ forward }) => contextKey(forward.context))].flatMap(([key, sessions]) => {
    const [first] = sessions;
    return first ? [{ key, context: first.forward.context, sessions }] : [];
  });
}

/** How far from trouble. What is on its way to work is none: its line would jump once it does. */
function trouble(session: SessionView): number {
  const shown = shownAs(session);
  return WORST.indexOf(shown === "resolving" ? "active" : shown);
}
