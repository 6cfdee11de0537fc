// The words of a session's live connections, and of what can be done with its events.

import type { ConnectionView } from "../../generated/ConnectionView";
import { plural } from "../words";

export const live = {
  toggle: "Live",
  name: (what: string) => `Live connections of the tunnel to ${what}`,
  reading: "Reading the connections…",
  none: "No connection is open. One appears here as soon as a program uses the address.",
  process: "Program",
  pod: "Pod",
  carried: "Up · down",
  age: "Age",
  held: "held: no pod yet",
  unknown: "not told by the system",
  more: (n: number) => `${plural(n, "newer one is", "newer ones are")} not listed.`,
  lastMinute: (most: string) => `Throughput of the last minute, ${most}/s at the most`,
  busiest: (most: string) => `${most}/s at the most in the last minute`,
} as const;

/** `psql (pid 812)`. */
export function processName({ process }: ConnectionView): string {
  return process === null ? live.unknown : `${process.name} (pid ${process.pid})`;
}

/** What events can be narrowed to. */
export type EventKind = "all" | "trouble" | "connections" | "pods" | "session";

export function eventKindName(kind: EventKind): string {
  return { all: "All", trouble: "Trouble", connections: "Connections", pods: "Pods", session: "Session" }[kind];
}

export const eventWords = {
  kind: "Which events",
  filter: "Filter events",
  none: "None of these events match.",
  copy: "Copy",
  copied: "Copied",
  copyWhy: "Copy the events that are shown",
  save: "Save",
  saveWhy: "Save all of them as lines of JSON in your downloads",
  saved: (path: string) => `Saved as ${path}`,
} as const;
