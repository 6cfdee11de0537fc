// One cause, one message: what several tunnels of a context wait for is told once, and their cards fold.

import type { ContextId } from "../generated/ContextId";
import type { Problem } from "../generated/Problem";
import type { SessionView } from "../generated/SessionView";
import { contextKey } from "./same";

/** What a context's tunnels wait for together; anything else is a target's own trouble. */
export type SharedCode = Extract<Problem["code"], "unreachable" | "login">;

/** So many tunnels make a cause shared. The card of a single one says it all by itself. */
const SHARED = 2;

/** What keeps several tunnels of one context. */
export interface Cause {
  readonly key: string;
  readonly context: ContextId;
  readonly code: SharedCode;
  /** The first session's words. */
  readonly reason: Problem;
  /** When one of them is tried next, in milliseconds since 1970; `null` while nothing is counted down. */
  readonly retryAt: number | null;
  /** In the given order. */
  readonly sessions: readonly SessionView[];
}

/** The causes that several sessions share, in the order in which they are met. */
export function causesOf(sessions: readonly SessionView[]): Cause[] {
  const causes = new Map<string, Cause>();
  for (const session of sessions) {
    const { phase, forward } = session;
    if (phase.state !== "waiting" || !isShared(phase.reason.code)) continue;
    const key = `${phase.reason.code} ${contextKey(forward.context)}`;
    const before = causes.get(key) ?? { key, context: forward.context, code: phase.reason.code, reason: phase.reason, retryAt: null, sessions: [] };
    causes.set(key, { ...before, retryAt: earlier(before.retryAt, phase.retry_at), sessions: [...before.sessions, session] });
  }
  return [...causes.values()].filter((cause) => cause.sessions.length >= SHARED);
}

/** The sessions that keep a card of their own. */
export function unfolded(sessions: readonly SessionView[], causes: readonly Cause[]): SessionView[] {
  const folded = new Set(causes.flatMap((cause) => cause.sessions));
  return sessions.filter((session) => !folded.has(session));
}

function isShared(code: Problem["code"]): code is SharedCode {
  return code === "unreachable" || code === "login";
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
