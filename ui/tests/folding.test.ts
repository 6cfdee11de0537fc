// Many sessions: a line each, by context, trouble first.

import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, listPart, port, problem, service, session, view } from "../src/dev/samples";
import type { Phase } from "../src/generated/Phase";
import { foldsOf, isMany } from "../src/lib/folding";
import Window from "../src/window/Window.svelte";

const waits: Phase = { state: "waiting", reason: problem("no_ready_pod", "No pod."), needs_you: false, attempt: 0, retry_at: null };
const prod = { source: "default", name: "prod" };
const of = (id: number, phase: Phase, more: Parameters<typeof forward>[2] = {}) =>
  session(id, forward({ type: "service", name: `s${id}` }, 80, more), 8000 + id, phase);

describe("folding", () => {
  it("begins over six", () => {
    const some = (n: number) => Array.from({ length: n }, (_, id) => of(id, active(80, "a")));
    expect([isMany(some(6)), isMany(some(7))]).toEqual([false, true]);
  });

  it("has trouble first, of contexts as of sessions, and else keeps the order", () => {
    const failed: Phase = { state: "failed", error: problem("port_taken", "Taken.") };
    const sessions = [of(5, active(80, "a")), of(4, { state: "resolving" }), of(3, waits, { context: prod }), of(2, active(80, "a"), { context: prod }), of(1, failed, { context: prod })];
    expect(foldsOf(sessions).map(({ context, sessions }) => [context.name, sessions.map(({ id }) => id)])).toEqual([
      ["prod", [1, 3, 2]],
      ["staging", [5, 4]],
    ]);
    expect(foldsOf([])).toEqual([]);
  });
});

describe("seven sessions", () => {
  let backend: FakeBackend;
  const cards = () => screen.queryAllByTestId("session-card").map((card) => card.dataset["session"]);
  const lines = () => screen.getAllByTestId("session-line").map((line) => line.dataset["session"]);

  beforeEach(() => {
    backend = new FakeBackend();
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
    backend.set("context/default/staging", { part: "context", value: context("staging") });
    backend.set("list", listPart(view()));
    backend.set("row/0", { part: "row", value: service("other", [port(80)]) });
    for (let id = 11; id <= 17; id += 1) backend.set(`session/${id}`, { part: "session", value: of(id, id === 13 ? waits : active(80, "a")) });
  });

  it("are a line each, which says what is not well and opens its card", async () => {
    render(Window, { backend });
    const fold = await screen.findByTestId("fold-staging");
    expect(fold.querySelector("h3")?.textContent).toContain("6 active, 1 waiting");
    expect(lines()).toEqual(["13", "17", "16", "15", "14", "12", "11"]);
    expect(cards()).toEqual([]);
    const [first, second] = screen.getAllByTestId("session-line");
    expect(first?.textContent).toContain("Waiting");
    expect(second?.textContent).not.toContain("Active");
    const button = within(first as HTMLElement).getByRole("button", { name: /waiting: show its card/ });
    await fireEvent.click(button);
    expect(cards()).toEqual(["13"]);
    await fireEvent.click(button);
    expect(cards()).toEqual([]);
  });

  it.each([
    ["beside them in the strip, one", 900, ["12"], 0],
    ["under its line where there is room, each", 1440, ["13", "12"], 2],
  ] as const)("show a card %s", async (_, width, expected, inside) => {
    (window as unknown as { happyDOM: { setViewport(to: { width: number }): void } }).happyDOM.setViewport({ width });
    render(Window, { backend });
    const fold = await screen.findByTestId("fold-staging");
    for (const name of [/^:8013/, /^:8012/]) await fireEvent.click(within(fold).getByRole("button", { name }));
    expect(cards()).toEqual(expected);
    expect(fold.querySelectorAll("[data-testid='session-card']")).toHaveLength(inside);
  });

  it("become cards again once there are fewer", async () => {
    render(Window, { backend });
    await screen.findByTestId("fold-staging");
    backend.remove("session/17");
    await waitFor(() => expect(cards()).toEqual(["16", "15", "14", "13", "12", "11"]));
  });

  it("show the card of the one that was just opened, and of no other", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("chip-other-80"));
    backend.set("session/1", { part: "session", value: session(1, forward({ type: "service", name: "other" }, 80), 9000, active(80, "a")) });
    await waitFor(() => expect(cards()).toEqual(["1"]));
    await fireEvent.click(within(screen.getByTestId("fold-staging")).getByRole("button", { name: /^:9000 svc\/other/ }));
    expect(cards()).toEqual([]);
  });
});
