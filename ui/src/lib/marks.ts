// Shapes, so that nothing is told by colour alone.

import type { Reach } from "../generated/Reach";
import type { Row } from "../generated/Row";
import type { Shown } from "./phase";

/** A drawn shape; see Mark.svelte. */
export type Shape = "full" | "half" | "empty" | "dashed" | "cross" | "triangle" | "square" | "dash" | "wave";

/** A colour by its meaning; see marks.css. */
export type Tone = "ok" | "wait" | "broken" | "idle";

export interface Mark {
  readonly shape: Shape;
  readonly tone: Tone;
}

/** The mark of what a session is shown as, on cards and on chips. */
export function stateMark(shown: Shown): Mark {
  switch (shown) {
    case "resolving":
      return { shape: "dashed", tone: "idle" };
    case "active":
      return { shape: "full", tone: "ok" };
    case "waiting":
      return { shape: "half", tone: "wait" };
    case "unstable":
      return { shape: "wave", tone: "wait" };
    case "broken":
      return { shape: "cross", tone: "broken" };
    case "failed":
      return { shape: "triangle", tone: "broken" };
    case "stopped":
      return { shape: "square", tone: "idle" };
  }
}

/** The mark of an API server's reachability. */
export function reachMark(reach: Reach): Mark {
  switch (reach.state) {
    case "not_checked":
      return { shape: "dash", tone: "idle" };
    case "checking":
      return { shape: "dashed", tone: "idle" };
    case "reachable":
      return { shape: "full", tone: "ok" };
    case "unreachable":
      return { shape: "cross", tone: "broken" };
  }
}

/** How many of a row's pods are ready; `null` where nobody knows or there can be none. */
export function readyMark(row: Row): Mark | null {
  if (row.ready === null || row.wanted === null) return null;
  if (row.wanted === 0) return row.facts.kind === "service" ? { shape: "empty", tone: "broken" } : { shape: "dash", tone: "idle" };
  if (row.ready >= row.wanted) return { shape: "full", tone: "ok" };
  return row.ready > 0 ? { shape: "half", tone: "wait" } : { shape: "empty", tone: "wait" };
}
