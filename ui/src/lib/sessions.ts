// The order of the cards.

import type { SessionView } from "../generated/SessionView";

/** Newest first: the one just opened is the one to look at. Ids grow and are never used twice. */
export function newestFirst(sessions: ReadonlyMap<string, SessionView>): SessionView[] {
  return [...sessions.values()].sort((a, b) => b.id - a.id);
}
