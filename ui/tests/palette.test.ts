import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, listPart, port, problem, service, session, view } from "../src/dev/samples";
import type { Command } from "../src/lib/commands";
import { chordOf, keysOf } from "../src/lib/keys";
import { Findable } from "../src/lib/palette";
import Window from "../src/window/Window.svelte";

const pressed = (key: string, more = {}) => chordOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

describe("a chord", () => {
  it("is told the same on every keyboard", () => {
    expect(pressed("k", { ctrlKey: true })).toBe("mod+k");
    expect(pressed("K", { metaKey: true })).toBe("mod+k");
    expect(pressed("?", { shiftKey: true })).toBe("?");
    expect(pressed("Tab", { shiftKey: true })).toBe("shift+tab");
  });
  it("is written as it is printed", () => {
    expect(keysOf("mod+k", true)).toEqual(["⌘", "K"]);
    expect(keysOf("mod+k", false)).toEqual(["Ctrl", "K"]);
    expect(keysOf("escape", false)).toEqual(["Esc"]);
  });
});

describe("a command", () => {
  const command = (title: string, of?: string): Command => ({ id: title, group: "go", title, ...(of === undefined ? {} : { of }), run: () => undefined });
  const findable = new Findable([command("Open svc/web http 8080", "staging / shop"), command("Open svc/api 80", "staging / shop"), command("Stop", "svc/web:8080")]);
  const titles = (query: string) => findable.find(query).map(({ title }) => title);

  it("is found by a few of its letters, the best first", () => {
    expect(titles("opweb")[0]).toBe("Open svc/web http 8080");
    expect(titles("stop web")).toEqual(["Stop"]);
    expect(titles("zzz")).toEqual([]);
  });
  it("is among all of them before a letter is typed", () => expect(titles(" ")).toHaveLength(3));
});

describe("the palette", () => {
  let backend: FakeBackend;

  beforeEach(() => {
    backend = new FakeBackend();
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: [], problem: null } });
    backend.set("context/default/staging", { part: "context", value: context("staging", { reach: { state: "reachable" } }) });
    backend.set("list", listPart(view()));
    backend.set("row/web", { part: "row", value: service("web", [port(8080, { name: "http" })]) });
    backend.set("session/3", { part: "session", value: session(3, forward({ type: "service", name: "api" }, 80), 8081, active(80, "a")) });
  });

  async function opened() {
    render(Window, { backend });
    await screen.findByTestId("row-web");
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    return screen.findByTestId("palette-input");
  }

  it("opens a port by the keyboard alone", async () => {
    const input = await opened();
    expect(document.activeElement).toBe(input);
    await fireEvent.input(input, { target: { value: "open web 8080" } });
    const [first] = screen.getAllByTestId("command");
    expect(first?.textContent).toContain("Open svc/web http 8080");
    expect(input.getAttribute("aria-activedescendant")).toBe(first?.id);
    await fireEvent.keyDown(input, { key: "Enter" });
    await waitFor(() => expect(backend.calls.map(([name]) => name)).toContain("start"));
    expect(screen.queryByTestId("palette")).toBeNull();
  });

  it("chooses by arrows, and round the ends", async () => {
    const input = await opened();
    await fireEvent.input(input, { target: { value: "api:80" } });
    const chosen = () => screen.getAllByTestId("command").findIndex((option) => option.getAttribute("aria-selected") === "true");
    expect(chosen()).toBe(0);
    await fireEvent.keyDown(input, { key: "ArrowDown" });
    expect(chosen()).toBe(1);
    await fireEvent.keyDown(input, { key: "ArrowUp" });
    await fireEvent.keyDown(input, { key: "ArrowUp" });
    expect(chosen()).toBe(screen.getAllByTestId("command").length - 1);
  });

  it("shows why a command failed", async () => {
    const input = await opened();
    backend.rejects.set("stop", problem("server", "It hangs."));
    await fireEvent.input(input, { target: { value: "stop api" } });
    await fireEvent.keyDown(input, { key: "Enter" });
    expect((await screen.findByTestId("command-failed")).textContent).toContain("It hangs.");
  });

  it("lists the keys at ?, and not while one types", async () => {
    render(Window, { backend });
    const field = await screen.findByTestId("filter");
    await fireEvent.keyDown(field, { key: "?" });
    expect(screen.queryByTestId("keys")).toBeNull();
    await fireEvent.keyDown(document.body, { key: "?" });
    expect((await screen.findByTestId("keys")).textContent).toContain("Run any command");
  });
});
