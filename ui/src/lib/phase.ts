// What a phase means for the window.

import type { Phase } from "../generated/Phase";
import type { Problem } from "../generated/Problem";
import type { SessionView } from "../generated/SessionView";

/** What a session is shown as: its phase, or that it comes and goes, which is one state and not each change. */
export type Shown = Phase["state"] | "unstable";

export function shownAs(session: SessionView): Shown {
  return session.unstable === null ? session.phase.state : "unstable";
}

/** Worst first. */
export const WORST: readonly Shown[] = ["failed", "broken", "stopped", "waiting", "unstable", "resolving", "active"];

/** Whether the session has ended and released its ports. */
export function isOver(phase: Phase): boolean {
  return phase.state === "broken" || phase.state === "failed" || phase.state === "stopped";
}

/** What a phase has to say; `null` where all is well. */
export function problemOf(phase: Phase): Problem | null {
  switch (phase.state) {
    case "waiting":
    case "broken":
      return phase.reason;
    case "failed":
      return phase.error;
    default:
      return null;
  }
}
