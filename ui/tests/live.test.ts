import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, counters, event, forward, session } from "../src/dev/samples";
import { history } from "../src/dev/tunnels";
import { Flow, Flows, lineOf } from "../src/lib/flow";
import { chosenOf, eventLines } from "../src/lib/journal";
import Window from "../src/window/Window.svelte";

const at = (bytes_up: number, bytes_down: number) => counters({ bytes_up, bytes_down });

describe("a flow", () => {
  it("counts the bytes of each second of the last minute", () => {
    const flow = new Flow(at(1000, 1000), 100_000);
    flow.note(at(1010, 1000), 100_200);
    flow.note(at(1015, 1300), 100_900);
    flow.note(at(1015, 1400), 103_100);
    const seconds = flow.until(104_000);
    expect(seconds).toHaveLength(60);
    expect(seconds.slice(-5)).toEqual([
      { up: 0, down: 0 }, { up: 15, down: 300 }, { up: 0, down: 0 }, { up: 0, down: 0 }, { up: 0, down: 100 },
    ]);
    expect(flow.until(159_000).filter(({ down }) => down > 0)).toHaveLength(2);
    expect(flow.until(161_000).filter(({ down }) => down > 0)).toHaveLength(1);
    expect(flow.until(300_000).every(({ up, down }) => up + down === 0)).toBe(true);
  });

  it("forgets what is older than a minute, and begins anew where counters fell", () => {
    const flow = new Flow(at(0, 0), 0);
    flow.note(at(0, 50), 1000);
    flow.note(at(0, 90), 61_000);
    expect(flow.until(62_000).map(({ down }) => down).filter(Boolean)).toEqual([40]);
    flow.note(at(0, 5), 62_000);
    flow.note(at(0, 7), 63_000);
    expect(flow.until(64_000).map(({ down }) => down).filter(Boolean)).toEqual([40, 2]);
  });

  it("is kept for as long as its tunnel is there", () => {
    const flows = new Flows();
    const one = session(7, forward({ type: "service", name: "web" }, 80), 8080, active(80, "a"));
    flows.note(new Map([["session/7", one]]), 0);
    expect(flows.of(7)).not.toBeNull();
    flows.note(new Map(), 1000);
    expect(flows.of(7)).toBeNull();
  });

  it("is drawn from left to right, the most at the top", () => {
    expect(lineOf([0, 5, 10], 10, 20, 8)).toBe("M0 8L10 4L20 0");
    expect(lineOf([0, 0], 0, 10, 8)).toBe("M0 8L10 8");
  });
});

describe("events", () => {
  const all = [...history()].reverse();
  const told = (kind: Parameters<typeof chosenOf>[1], filter = "") => chosenOf(all, kind, filter).map(({ event }) => event);

  it("are narrowed by kind", () => {
    expect(told("trouble")).toEqual(["not_followed", "delivered_unanswered", "retried", "waiting"]);
    expect(told("pods")).toEqual(["moved", "endpoint_removed", "endpoint_added"]);
    expect(told("all")).toHaveLength(12);
  });
  it("are narrowed by words, and by codes", () => {
    expect(told("all", "K8S2M dial")).toEqual(["retried"]);
    expect(told("all", "unreachable")).toEqual(["not_followed"]);
    expect(told("pods", "dial")).toEqual([]);
  });
  it("are pasted oldest first", () => {
    const now = Date.now();
    const two = [event(2, "active", {}), event(1, "listening", { text: "127.0.0.1:8080" })].map((one) => ({ ...one, at: now }));
    expect(eventLines(two, now)).toMatch(/^\S+ {2}Listening on 127\.0\.0\.1:8080\n\S+ {2}Connections can be served\n$/);
  });
});

describe("a card", () => {
  let backend: FakeBackend;
  const one = session(6, forward({ type: "service", name: "web" }, 8080), 8080, active(80, "a"), { events: 12, counters: counters({ open: 2 }) });

  beforeEach(() => {
    backend = new FakeBackend();
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: [], problem: null } });
    backend.set("session/6", { part: "session", value: one });
  });

  it("asks for connections only while somebody looks, and again when something has moved", async () => {
    const client = { number: 1, slot: 0, client: "127.0.0.1:50401", process: { name: "psql", pid: 812 }, pod: "web-1", port: 80, bytes_up: 12, bytes_down: 3400, began_at: Date.now() };
    backend.connected.set(6, { connections: [client, { ...client, number: 2, process: null, pod: null, port: null }], left_out: 3 });
    const asked = () => backend.calls.filter(([name]) => name === "connections").length;
    render(Window, { backend });
    const toggle = await screen.findByTestId("session-connections-toggle");
    expect(asked()).toBe(0);
    await fireEvent.click(toggle);
    const lines = await screen.findAllByTestId("connection");
    expect(lines.map((line) => line.dataset["process"])).toEqual(["psql", undefined]);
    expect(lines[0]?.textContent).toContain("psql (pid 812)");
    expect(lines[1]?.textContent).toContain("held: no pod yet");
    expect(screen.getByTestId("connections").textContent).toContain("3 newer ones are not listed");
    expect(asked()).toBe(1);
    backend.set("session/6", { part: "session", value: { ...one, counters: counters({ open: 3 }) } });
    await waitFor(() => expect(asked()).toBe(2), { timeout: 5000 });
    await fireEvent.click(toggle);
    const then = asked();
    backend.set("session/6", { part: "session", value: { ...one, counters: counters({ open: 4 }) } });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(asked()).toBe(then);
  });

  it("saves its events, and says where", async () => {
    backend.happened.set(6, history());
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("session-events-toggle"));
    await fireEvent.click(await screen.findByTestId("save-events"));
    await waitFor(() => expect(screen.getByTestId("events-done").textContent).toBe("Saved as /home/me/Downloads/portolan-svc-web-events.jsonl"));
    await fireEvent.change(screen.getByTestId("event-kind"), { target: { value: "pods" } });
    expect(screen.getAllByTestId("session-event")).toHaveLength(3);
    await fireEvent.click(screen.getByTestId("copy-events"));
    await waitFor(() => expect(String(backend.calls.at(-1)?.[1]).split("\n")).toHaveLength(4));
  });

  it("that goes away leaves the focus with the next", async () => {
    backend.set("session/5", { part: "session", value: { ...one, id: 5 } });
    render(Window, { backend });
    const [first, second] = await screen.findAllByTestId("session-stop");
    first?.focus();
    backend.remove("session/6");
    await waitFor(() => expect(screen.getAllByTestId("session-card")).toHaveLength(1));
    await waitFor(() => expect(second?.closest("li")?.contains(document.activeElement)).toBe(true));
  });
});
