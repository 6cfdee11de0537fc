// What a lane is shown as, and its way in steps.

import type { Hop } from "../../generated/Hop";
import type { HopKind } from "../../generated/HopKind";
import type { Lane } from "../../generated/Lane";
import type { Phase } from "../../generated/Phase";
import type { Probe } from "../../generated/Probe";
import type { Score } from "../../generated/Score";
import { groupBy } from "../group";
import { stateMark, type Mark } from "../marks";

/** A tunnel's phase; of a lane without one, what became of its last probe. */
export type Standing = Phase["state"] | "answers" | "silent" | "unasked";

export function standingOf(lane: Lane, last: Probe | undefined): Standing {
  if (lane.phase !== null) return lane.phase.state;
  if (last === undefined) return "unasked";
  return last.outcome.outcome === "lost" ? "silent" : "answers";
}

export function standingMark(standing: Standing): Mark {
  switch (standing) {
    case "answers":
      return { shape: "full", tone: "ok" };
    case "silent":
      return { shape: "empty", tone: "broken" };
    case "unasked":
      return { shape: "dash", tone: "idle" };
    default:
      return stateMark(standing);
  }
}

/** What a way leads through: one hop, or several of a kind, of which each connection takes one. */
export interface Step {
  readonly kind: HopKind;
  readonly hops: readonly Hop[];
}

/** The steps of a way, in the order in which their kinds are met. */
export function stepsOf(way: readonly Hop[]): Step[] {
  return [...groupBy(way, ({ kind }) => kind)].map(([kind, hops]) => ({ kind, hops }));
}

/** All that were asked for an answer. */
export function asked({ answered, helped, lost }: Score): number {
  return answered + helped + lost;
}

/**
 * How many of 100 were answered without help, to a tenth. Never rounded up: 100 says that not one was lost or helped.
 */
export function shareAnswered(score: Score): number | null {
  const all = asked(score);
  return all === 0 ? null : Math.floor((1000 * score.answered) / all) / 10;
}
