import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, problem, session } from "../src/dev/samples";
import { beginSettings, defaults } from "../src/dev/settings";
import type { LoginShell } from "../src/generated/LoginShell";
import type { SettingsView } from "../src/generated/SettingsView";
import { App } from "../src/lib/app.svelte";
import { commandOf } from "../src/lib/commands";
import { chordOf } from "../src/lib/keys";
import { shownTheme } from "../src/lib/theme";
import { protectedServer } from "../src/lib/words/settings";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: [], problem: null } });
  backend.set("context/default/staging", { part: "context", value: context("staging") });
  beginSettings(backend);
});

function set(more: Partial<SettingsView>) {
  backend.set("settings", { part: "settings", value: { settings: defaults, path: "/c/settings.json", problem: null, ...more } });
}

async function open() {
  render(Window, { backend });
  await fireEvent.click(await screen.findByTestId("open-settings"));
  return screen.findByTestId("theme-dark");
}

const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);

describe("settings", () => {
  it("open by a button and by the keyboard, and close again", async () => {
    await open();
    await fireEvent.click(screen.getByTestId("close-settings"));
    expect(screen.queryByTestId("settings")).toBeNull();
    await fireEvent.keyDown(window, { key: ",", ctrlKey: true });
    await screen.findByTestId("settings");
    await fireEvent.keyDown(window, { key: ",", ctrlKey: true });
    expect(screen.queryByTestId("settings")).toBeNull();
  });

  it("are asked of the engine, and show what it says", async () => {
    set({});
    const dark = await open();
    await fireEvent.click(dark);
    await fireEvent.click(screen.getByTestId("closing-quit"));
    await fireEvent.click(screen.getByTestId("notifications"));
    await fireEvent.click(screen.getByTestId("start-at-login"));
    await fireEvent.change(screen.getByTestId("hold-seconds"), { target: { value: "90" } });
    expect(calls("changeSetting")).toEqual([
      [{ what: "theme", to: "dark" }],
      [{ what: "closing", to: "quit" }],
      [{ what: "notifications", to: false }],
      [{ what: "start_at_login", to: true }],
      [{ what: "hold_seconds", to: 90 }],
    ]);
    expect(dark.getAttribute("aria-pressed")).toBe("false");
    set({ settings: { ...defaults, theme: "dark", hold_seconds: 90 } });
    await waitFor(() => expect(dark.getAttribute("aria-pressed")).toBe("true"));
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    set({ settings: { ...defaults, theme: "light" } });
    await waitFor(() => expect(document.documentElement.dataset["theme"]).toBe("light"));
  });

  it("do not ask for a number that is none", async () => {
    await open();
    const field = screen.getByTestId("hold-seconds") as HTMLInputElement;
    await fireEvent.change(field, { target: { value: "" } });
    await fireEvent.change(field, { target: { value: "-1" } });
    expect(calls("changeSetting")).toEqual([]);
    expect(field.value).toBe("30");
  });

  it("say why one is refused", async () => {
    backend.rejects.set("changeSetting", problem("bad_setting", "This cannot be a setting.", "Choose another value."));
    await open();
    await fireEvent.change(screen.getByTestId("hold-seconds"), { target: { value: "601" } });
    expect((await screen.findByTestId("problem")).dataset["code"]).toBe("bad_setting");
  });

  it("tell in every view that they cannot be kept", async () => {
    set({ problem: problem("storage", "Cannot write /c/settings.json: no space left.", "Make room.") });
    render(Window, { backend });
    expect((await screen.findByTestId("settings-trouble")).textContent).toContain("no space left");
  });

  it("list what is protected, and take the mark away", async () => {
    await open();
    const list = screen.getByTestId("protected-contexts");
    expect(list.textContent).toContain("not in your kubeconfig now");
    await fireEvent.click(screen.getByTestId("unprotect-prod-eu"));
    expect(calls("protect")).toEqual([[{ source: "default", name: "prod-eu" }, false]]);
  });

  it("say where the environment of plugins comes from", async () => {
    await open();
    const said = (value: LoginShell) => backend.set("login_shell", { part: "login_shell", value });
    const section = screen.getByTestId("login-shell");
    expect(section.textContent).toContain("/opt/homebrew/bin");
    said({ state: "silent", shell: "/bin/zsh", why: "did not end within 5 s, and was stopped", path: "/usr/bin" });
    await waitFor(() => expect(section.dataset["state"]).toBe("silent"));
    expect(section.textContent).toContain("/bin/zsh did not end within 5 s");
  });

  it("say what closing does where there is no tray", async () => {
    await open();
    await screen.findByTestId("no-tray");
    backend.set("desktop", { part: "desktop", value: { tray: true, start_at_login: null, notifications: null } });
    await waitFor(() => expect(screen.queryByTestId("no-tray")).toBeNull());
  });
});

describe("a tunnel", () => {
  beforeEach(() => {
    const value = session(1, forward({ type: "service", name: "web" }, 8080), 8080, active(80, "web-1"));
    backend.set("session/1", { part: "session", value });
  });

  it("is muted and heard again", async () => {
    render(Window, { backend });
    const toggle = await screen.findByTestId("session-silence");
    await fireEvent.click(toggle);
    backend.set("silenced", { part: "silenced", value: [1] });
    await waitFor(() => expect(toggle.getAttribute("aria-pressed")).toBe("true"));
    await fireEvent.click(toggle);
    expect(calls("silence")).toEqual([[1, true], [1, false]]);
  });

  it("cannot be muted where nothing is told", async () => {
    set({ settings: { ...defaults, notifications: false } });
    render(Window, { backend });
    await screen.findByTestId("session-card");
    expect(screen.queryByTestId("session-silence")).toBeNull();
  });
});

it("the theme is the user's, or the desktop's", () => {
  expect(shownTheme("system", true)).toBe("light");
  expect(shownTheme("system", false)).toBe("dark");
  expect(shownTheme("light", false)).toBe("light");
  expect(shownTheme("dark", true)).toBe("dark");
});

it("only the comma with Control or Command opens the settings", () => {
  const keys = { key: ",", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  const opens = (more: object) => commandOf(new App(new FakeBackend()), chordOf({ ...keys, ...more }))?.id === "go/settings";
  expect(opens({ ctrlKey: true })).toBe(true);
  expect(opens({ metaKey: true })).toBe(true);
  for (const not of [{}, { ctrlKey: true, altKey: true }, { ctrlKey: true, key: "." }]) expect(opens(not)).toBe(false);
});

it("a protected context says when its name means another server", () => {
  const marked = { source: "default", name: "prod", server: "https://one" };
  expect(protectedServer(marked, "https://one")).toBe("https://one");
  expect(protectedServer(marked, "https://two")).toBe("https://two; it was https://one when you marked it");
  expect(protectedServer(marked, null)).toBe("https://one, not in your kubeconfig now");
});
