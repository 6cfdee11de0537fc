// Settings pretended.

import type { Change } from "../generated/Change";
import type { Settings } from "../generated/Settings";
import type { FakeBackend } from "./fake";

export const defaults: Settings = {
  theme: "system",
  closing: "keep",
  notifications: true,
  hold_seconds: 30,
  start_at_login: false,
  protected: [],
};

/** What the engine tells of settings at first. */
export function beginSettings(engine: FakeBackend): void {
  const shell = { state: "told" as const, shell: "/bin/zsh", path: "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin", took_ms: 412 };
  const marked = [{ source: "default", name: "prod-eu", server: "https://prod-eu.example:6443" }];
  engine.set("settings", { part: "settings", value: { settings: { ...defaults, protected: marked }, path: "~/.config/portolan/settings.json", problem: null } });
  engine.set("login_shell", { part: "login_shell", value: shell });
  engine.set("desktop", { part: "desktop", value: { tray: false, start_at_login: null, notifications: null } });
}

/** A choice, as the engine applies it. */
export function changeSettings(engine: FakeBackend, { what, to }: Change): void {
  const part = engine.get("settings");
  if (part?.part === "settings") engine.set("settings", { part: "settings", value: { ...part.value, settings: { ...part.value.settings, [what]: to } } });
}

export function silenceSession(engine: FakeBackend, id: number, silent: boolean): void {
  const part = engine.get("silenced");
  const others = part?.part === "silenced" ? part.value.filter((one) => one !== id) : [];
  engine.set("silenced", { part: "silenced", value: silent ? [...others, id] : others });
}
