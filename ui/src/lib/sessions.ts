// Which cards there are, and in which order.

import type { ComparisonView } from "../generated/ComparisonView";
import type { SessionView } from "../generated/SessionView";

/** Newest first: the one just opened is the one to look at. Ids grow and are never used twice. */
export function newestFirst(sessions: ReadonlyMap<string, SessionView>): SessionView[] {
  return [...sessions.values()].sort((a, b) => b.id - a.id);
}

/** Those that are not a comparison's. */
export function besides(sessions: SessionView[], comparison: ComparisonView | null): SessionView[] {
  const compared = new Set(comparison?.lanes.map(({ session }) => session));
  return compared.size === 0 ? sessions : sessions.filter(({ id }) => !compared.has(id));
}
