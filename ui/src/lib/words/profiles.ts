// The words about profiles.

import type { ProfileView } from "../../generated/ProfileView";
import type { Remedy } from "../../generated/Remedy";
import type { SavedView } from "../../generated/SavedView";
import type { ProfileShown } from "../profiles/shelf";
import { count, plural, stateName } from "../words";

export const profile = {
  favourites: "Favourites",
  all: "All profiles",
  title: "Profiles",
  others: "Not pinned",
  othersOrder: "last used first",
  none: "Nothing is saved yet.",
  noneHow: "Open a tunnel and click Save on its card: it is then one click away, on the same local port.",
  noFavourites: "Save a tunnel to find it here.",
  noGroup: "No group",

  save: "Save",
  saveWhy: "Save it as a favourite, on this local port",
  saved: "Saved",
  savePod: "This pod",
  saveOpen: "Save all open",
  saveOpenWhy: "Save all that is open as one profile",
  openName: "All open",

  start: "Start",
  stop: "Stop",
  startAll: "Start all",
  stopAll: "Stop all",
  edit: "Edit",
  done: "Done",
  duplicate: "Duplicate",
  remove: "Delete",
  drag: "Drag to another place",
  up: "Move up",
  down: "Move down",
  pin: "Favourite",

  name: "Name",
  group: "Group",
  note: "Note",
  colour: "Colour",
  contextColour: "its context's",
  autostart: "Start with the app",
  autostartMark: "starts with the app",
  localPort: "Local port",
  address: "Local address",
  loopback: "127.0.0.1 and ::1",
  exposed: "Others in your network can reach this address.",

  undo: "Undo",
  dismiss: "Not now",
  close: "Close",
  keep: "Keep in the profile",
  tryAgain: "Try again",
  portFree: "The port is free by now.",
  asking: "Looking for who has it…",
} as const;

/** The name of what a profile is shown as. */
export function profileState(shown: ProfileShown): string {
  if (shown === "idle") return "Not running";
  if (shown === "blocked") return "Port taken";
  return stateName(shown);
}

/** `:8080`, `:8080 :5432`, `3 ports`. */
export function portsName(ports: readonly (number | null)[]): string {
  if (ports.length > 2) return plural(ports.length, "port", "ports");
  return ports.map((port) => (port === null ? "any port" : `:${port}`)).join(" ");
}

/** A saved tunnel in one line: `staging / shop · svc/web 8080:80`. */
export function savedLine({ context, namespace, target, ports }: SavedView): string {
  return `${context.name} / ${namespace} · ${target} ${ports.join(" ")}`;
}

/** What the button of one remedy says. */
export function remedyName(remedy: Remedy, port: number): string {
  switch (remedy.type) {
    case "port":
      return `Use :${remedy.port}`;
    case "address":
      return `Use ${remedy.address}:${port}`;
    case "stop":
      return "Stop that session";
  }
}

export function blockedBy({ name }: ProfileView, n: number): string {
  return `${name} has not started: ${plural(n, "local port is", "local ports are")} taken.`;
}

export function movedName(name: string): string {
  return `${name} listens elsewhere than it is saved.`;
}

export function removedName(name: string): string {
  return `${name} was deleted.`;
}

/** The offer after a start. */
export function leftOpen(n: number): string {
  return `${plural(n, "tunnel was", "tunnels were")} open when Portolan ended.`;
}

export function reopenName(n: number): string {
  return `Reopen ${count(n)}`;
}

/** A context's name that means another cluster than when it was saved. */
export function otherServer({ context, other_server: server }: SavedView): string {
  return `${context.name} is ${server ?? ""} now, which is not the cluster that this was saved on.`;
}

export const profileLabels = {
  toggle: (name: string, shown: ProfileShown) =>
    `${shown === "idle" || shown === "blocked" ? profile.start : profile.stop} ${name}: ${profileState(shown).toLowerCase()}`,
  favourite: (name: string, ports: string, shown: ProfileShown) =>
    `${name} ${ports}, ${profileState(shown).toLowerCase()}: ${shown === "idle" || shown === "blocked" ? "start it" : "stop it"}`,
  pin: (name: string) => `${name} is a favourite`,
  edit: (name: string, open = false) => (open ? `Done with ${name}` : `Edit ${name}`),
  group: (name: string, does: string) => `${does} all of ${name}`,
  save: (what: string) => `Save the tunnel to ${what} as a favourite`,
  showSaved: (name: string) => `Saved as ${name}: show it`,
  localPort: (target: string, mapping: string) => `Local port of ${target} ${mapping}`,
  address: (target: string) => `Local addresses of ${target}`,
} as const;
