// The words of the settings.

import type { Closing } from "../../generated/Closing";
import type { LoginShell } from "../../generated/LoginShell";
import type { ProtectedContext } from "../../generated/ProtectedContext";
import type { Theme } from "../../generated/Theme";
import { count } from "../words";

export const settings = {
  title: "Settings",
  short: "Settings",
  open: "Settings (Ctrl-,)",
  back: "Close",
  look: "Look",
  theme: "Theme",
  window: "Window and start",
  closing: "Closing the window",
  closingNoTray: "This desktop has no tray: the window is minimised instead of hidden while tunnels are open.",
  startAtLogin: "Start Portolan at login",
  tunnels: "Tunnels",
  hold: "New tunnels hold a connection for",
  holdWhy: "So long a connection waits for a pod while there is none; then it is reset. 0 to 600 seconds. Open tunnels keep what they have.",
  seconds: "seconds",
  notices: "Notifications",
  noticesOn: "Tell when tunnels break, need you or come back",
  noticesWhy: "One for all tunnels of one context that have the same trouble, and none for what lasts less than 5 seconds. A tunnel's own are turned off in its card.",
  protected: "Protected contexts",
  protectedWhy: "Nothing is deleted there, and nothing is probed before you start it. The shield beside a context marks it.",
  noneProtected: "None.",
  unprotect: "Take the mark away",
  environment: "Environment of exec plugins",
  path: "PATH",
  kept: "Kept in",
  keptNowhere: "Nothing keeps these settings.",
  silence: "Mute",
  silenced: "Muted",
  silenceWhy: "No notifications of this tunnel",
  silencedWhy: "There are no notifications of this tunnel. Click to have them again",
} as const;

export function themeName(theme: Theme): string {
  return { system: "As the desktop", light: "Light", dark: "Dark" }[theme];
}

export function closingName(closing: Closing): string {
  return { keep: "Keeps tunnels open", quit: "Quits" }[closing];
}

/** What is said of a protected context beside its name. */
export function protectedServer({ server }: ProtectedContext, now: string | null): string {
  if (now === null) return server ? `${server}, not in your kubeconfig now` : "not in your kubeconfig now";
  if (server && now !== server) return `${now}; it was ${server} when you marked it`;
  return now;
}

/** Where plugins have their environment from. */
export function shellSaid(shell: LoginShell): string {
  switch (shell.state) {
    case "not_asked":
      return "Portolan was started from a terminal and has its environment from there.";
    case "asked":
      return `${shell.shell} is being asked for your environment…`;
    case "told":
      return `${shell.shell} told your environment, in ${count(shell.took_ms)} ms.`;
    case "silent":
      return `The desktop's environment is used, since your login shell did not tell its own: ${shell.shell} ${shell.why}.`;
  }
}

export const settingsLabels = {
  unprotect: (name: string) => `Take the protection of ${name} away`,
  silence: (what: string) => `Mute the tunnel to ${what}`,
} as const;
