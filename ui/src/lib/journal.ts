// A session's events as they are read: newest first, each in a sentence.

import type { SessionEvent } from "../generated/SessionEvent";
import type { Tone } from "./marks";
import { clockTime } from "./units";
import { eventText } from "./words/events";
import type { EventKind } from "./words/live";

/** The engine keeps no more either. */
const KEPT = 1000;

/** What there was, newest first, and what came since, oldest first. */
export function withNewer(before: readonly SessionEvent[], newer: readonly SessionEvent[]): SessionEvent[] {
  const last = before[0]?.n ?? 0;
  return [...newer.filter(({ n }) => n > last).reverse(), ...before].slice(0, KEPT);
}

/** How it went, for a mark beside the words; `idle` is neither good nor bad. */
export function toneOf({ event }: SessionEvent): Tone {
  switch (event) {
    case "active":
      return "ok";
    case "waiting":
    case "not_followed":
    case "retried":
    case "refused":
    case "cut":
      return "wait";
    case "broken":
    case "failed":
    case "delivered_unanswered":
      return "broken";
    default:
      return "idle";
  }
}

/** What an event is about, besides how it went. */
export function kindOf({ event }: SessionEvent): Exclude<EventKind, "all" | "trouble"> {
  switch (event) {
    case "held":
    case "retried":
    case "refused":
    case "cut":
    case "delivered_unanswered":
      return "connections";
    case "endpoint_added":
    case "endpoint_removed":
    case "moved":
      return "pods";
    default:
      return "session";
  }
}

/** The events of a kind that hold every word of the filter in their sentence or their code. */
export function chosenOf(events: readonly SessionEvent[], kind: EventKind, filter: string): readonly SessionEvent[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return events.filter((event) => {
    const tone = toneOf(event);
    const fits = kind === "all" || (kind === "trouble" ? tone === "wait" || tone === "broken" : kindOf(event) === kind);
    if (!fits || wanted.length === 0) return fits;
    const text = `${eventText(event)} ${event.code ?? ""}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Events as text to paste, oldest first. */
export function eventLines(events: readonly SessionEvent[], now: number): string {
  return [...events].reverse().map((event) => `${clockTime(event.at, now)}  ${eventText(event)}\n`).join("");
}
