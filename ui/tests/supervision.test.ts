import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, counters, event, forward, problem, session, staging } from "../src/dev/samples";
import type { Phase } from "../src/generated/Phase";
import type { SessionView } from "../src/generated/SessionView";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  backend.set("context/default/staging", { part: "context", value: context("staging") });
});

const set = (value: SessionView) => backend.set(`session/${value.id}`, { part: "session", value });
const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);
const toWeb = forward({ type: "service", name: "web" }, 8080);
const noPod = problem("no_ready_pod", "Both pods fail their probe.", "See their logs.");
const watching: Phase = { state: "waiting", reason: noPod, needs_you: false, attempt: 0, retry_at: null };

async function card(value: SessionView) {
  set(value);
  render(Window, { backend });
  return within(await screen.findByTestId("session-card"));
}

describe("a card", () => {
  it("shows what comes and goes as one state, with its reason and not each change", async () => {
    const reason = problem("no_ready_pod", "The only pod is not ready.");
    const unstable = { changes: 5, reason, restarts: 7, restarted_because: "OOMKilled, exit code 137" };
    const at = await card(session(2, toWeb, 8080, watching, { unstable }));
    expect(at.getByTestId("session-phase").textContent).toBe("Unstable");
    expect(at.getByTestId("session-says").textContent).toContain("The only pod is not ready.");
    expect(at.getByTestId("session-waiting").textContent).toBe(
      "Came and went 5 times in the last minute · 7 restarts (OOMKilled, exit code 137)",
    );
    set(session(2, toWeb, 8080, active(80, "a"), { unstable }));
    await waitFor(() => expect(screen.getByTestId("session-card").dataset["state"]).toBe("active"));
    expect(at.getByTestId("session-phase").textContent).toBe("Unstable");
  });

  it("counts down what is left of a pod on its way out", async () => {
    const at = await card(session(2, forward({ type: "pod", name: "web-1" }, 80), 8080, active(80, "web-1"), { terminating_at: Date.now() + 20_500 }));
    expect(at.getByTestId("session-terminating").textContent).toMatch(/gone in 2[01] s\. The tunnel ends with it\.$/);
  });

  it("offers to sign in, and not to try again, where the login has expired", async () => {
    const phase: Phase = { state: "waiting", reason: problem("login", "Expired."), needs_you: true, attempt: 1, retry_at: Date.now() + 4000 };
    const at = await card(session(2, toWeb, 8080, phase));
    await fireEvent.click(at.getByTestId("session-sign-in"));
    expect(calls("signIn")).toEqual([[staging]]);
    expect(at.queryByTestId("session-retry")).toBeNull();
  });

  it("of a pod that is gone offers its workload, and brings the new card into sight", async () => {
    const gone: Phase = { state: "broken", reason: problem("pod_gone", "web-1 is gone.") };
    const instead = { type: "workload", kind: "deployment", name: "web" } as const;
    const at = await card(session(9, forward({ type: "pod", name: "web-1" }, 80), null, gone, { instead }));
    const button = at.getByTestId("session-heir");
    expect(button.textContent).toBe("deploy/web instead");
    expect(at.queryByTestId("session-wait-for-name")).toBeNull();
    await fireEvent.click(button);
    expect(calls("instead")).toEqual([[9]]);
    backend.remove("session/9");
    set(session(1, forward(instead, 80), 8080, active(80, "web-2")));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("session-card")));
  });

  it("of a pod that is gone offers to wait for its name", async () => {
    const gone: Phase = { state: "broken", reason: problem("pod_gone", "db-0 is gone.") };
    const at = await card(session(9, forward({ type: "pod", name: "db-0" }, 80), null, gone));
    expect(at.queryByTestId("session-heir")).toBeNull();
    await fireEvent.click(at.getByTestId("session-wait-for-name"));
    expect(calls("waitForName")).toEqual([[9]]);
  });
});

describe("a card's details", () => {
  async function details(value: SessionView) {
    const at = await card(value);
    await fireEvent.click(at.getByTestId("session-details-toggle"));
    return at;
  }

  it("switch between sticky and balanced, and show what the engine says", async () => {
    const value = session(2, toWeb, 8080, active(80, "a", "b"));
    const at = await details(value);
    const pressed = (which: string) => at.getByTestId(`balance-${which}`).getAttribute("aria-pressed");
    expect([pressed("sticky"), pressed("balanced")]).toEqual(["false", "true"]);
    await fireEvent.click(at.getByTestId("balance-sticky"));
    expect(calls("setBalance")).toEqual([[2, "sticky"]]);
    expect(pressed("sticky")).toBe("false");
    set({ ...value, balance: "sticky" });
    await waitFor(() => expect(pressed("sticky")).toBe("true"));
  });

  it("move to another pod, by its UID", async () => {
    const at = await details(session(2, toWeb, 8080, active(80, "web-a", "web-b")));
    await fireEvent.click(at.getByTestId("move-to-web-b"));
    expect(calls("moveTo")).toEqual([[2, "uid-web-b"]]);
  });

  it("have nothing to choose for a direct tunnel, and no place to move to but one", async () => {
    const at = await details(session(2, forward({ type: "pod", name: "a" }, 80), 8080, active(80, "a")));
    expect(at.queryByTestId("balance-sticky")).toBeNull();
    set(session(2, toWeb, 8080, active(80, "a")));
    await waitFor(() => at.getByTestId("balance-sticky"));
    expect(at.queryByTestId("move-to-a")).toBeNull();
  });

  it("are live", async () => {
    const value = session(2, toWeb, 8080, active(80, "a"));
    const at = await details(value);
    const numbers = () => at.getByTestId("session-details").textContent?.replaceAll("\u00a0", " ");
    expect(numbers()).toContain("no answer yet");
    set({ ...value, counters: counters({ first_byte_p50_us: 1200, first_byte_p95_us: 4800, unanswered: 1 }) });
    await waitFor(() => expect(numbers()).toContain("1.2 ms · 4.8 ms"));
  });
});

describe("the events", () => {
  const texts = () => screen.getAllByTestId("session-event").map((line) => line.querySelector(".text")?.textContent);

  it("are not asked for before somebody looks", async () => {
    await card(session(2, toWeb, 8080, active(80, "a"), { events: 3 }));
    expect(calls("events")).toEqual([]);
  });

  it("stand newest first, and only what is newer is asked for while they are open", async () => {
    const value = session(2, toWeb, 8080, active(80, "a"), { events: 2 });
    backend.happened.set(2, [event(1, "endpoint_added", { pod: "a" }), event(2, "active")]);
    const at = await card(value);
    await fireEvent.click(at.getByTestId("session-events-toggle"));
    await screen.findByTestId("session-events");
    expect(texts()).toEqual(["Connections can be served", "a takes new connections"]);
    backend.happened.get(2)?.push(event(3, "moved", { pod: "b" }));
    set({ ...value, events: 3 });
    await waitFor(() => expect(texts()[0]).toBe("New connections go to b"));
    set({ ...value, events: 3, mark: "nothing new" });
    await screen.findByText("nothing new");
    expect(calls("events")).toEqual([[2, 0], [2, 2]]);
    // Closed, nothing is asked any more.
    await fireEvent.click(at.getByTestId("session-events-toggle"));
    set({ ...value, events: 9, mark: "closed" });
    await screen.findByText("closed");
    expect(calls("events")).toHaveLength(2);
    expect(screen.queryByTestId("session-events")).toBeNull();
  });

  it("can be reached by the keyboard, and what is read stays in place", async () => {
    const value = session(2, toWeb, 8080, active(80, "a"), { events: 1 });
    backend.happened.set(2, [event(1, "active")]);
    const at = await card(value);
    await fireEvent.click(at.getByTestId("session-events-toggle"));
    const list = await screen.findByTestId("session-events");
    expect([list.tabIndex, list.getAttribute("role"), list.getAttribute("aria-label")]).toEqual([0, "region", "Events of the tunnel to svc/web:8080"]);
    // Nothing is laid out here: an event is said to be 20 pixels high.
    Object.defineProperty(list, "scrollHeight", { get: () => 20 * list.querySelectorAll("li").length });
    const add = async (n: number) => {
      backend.happened.get(2)?.push(event(n, "held"));
      set({ ...value, events: n });
      await waitFor(() => expect(screen.getAllByTestId("session-event")).toHaveLength(n));
    };
    await add(2);
    expect(list.scrollTop).toBe(0);
    list.scrollTop = 15;
    await add(3);
    await waitFor(() => expect(list.scrollTop).toBe(35));
  });

  it("may be none, and say why they cannot be read", async () => {
    const at = await card(session(2, toWeb, 8080, { state: "resolving" }));
    await fireEvent.click(at.getByTestId("session-events-toggle"));
    expect((await screen.findByTestId("session-events-none")).textContent).toBe("Nothing has happened yet.");
    backend.rejects.set("events", problem("server", "It hangs."));
    set(session(2, toWeb, 8080, { state: "resolving" }, { events: 1 }));
    expect((await screen.findByRole("alert")).textContent).toContain("It hangs.");
  });
});

describe("a cause that several tunnels share", () => {
  const away = (id: number, code: "unreachable" | "login", retry_at: number | null) => {
    const reason = problem(code, "staging does not answer.", "Is the VPN up?");
    set(session(id, forward({ type: "service", name: `web-${id}` }, 80), 8000 + id, { state: "waiting", reason, needs_you: false, attempt: 3, retry_at }));
  };

  it("is told once, and all of them are tried again at once", async () => {
    away(1, "unreachable", Date.now() + 9000);
    away(2, "unreachable", Date.now() + 4500);
    render(Window, { backend });
    const at = within(await screen.findByTestId("cause"));
    expect(at.getByRole("status").textContent).toContain("2 tunnels wait");
    expect(at.getByRole("status").textContent).toContain("staging does not answer. Is the VPN up?");
    expect(at.getByTestId("cause-next").textContent).toMatch(/^Trying again in [45] s$/);
    expect(screen.queryByTestId("session-card")).toBeNull();
    expect(screen.getAllByTestId("session-line").map((line) => line.dataset["session"])).toEqual(["2", "1"]);
    await fireEvent.click(at.getByTestId("cause-retry"));
    expect(calls("retry")).toEqual([[2], [1]]);
  });

  it("that is an expired login has one place to sign in", async () => {
    away(1, "login", null);
    away(2, "login", null);
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("cause-sign-in"));
    expect(calls("signIn")).toEqual([[staging]]);
    expect(screen.queryByTestId("cause-retry")).toBeNull();
  });

  it("leaves each card a click away, and each tunnel to be stopped", async () => {
    away(1, "unreachable", null);
    away(2, "unreachable", null);
    render(Window, { backend });
    const [first] = await screen.findAllByTestId("session-line");
    const line = within(first as HTMLElement);
    await fireEvent.click(line.getByLabelText(/svc\/web-2:80 shop, waiting: show its card$/));
    expect(screen.getByTestId("session-card").dataset["session"]).toBe("2");
    await fireEvent.click(line.getByLabelText("Stop the tunnel to svc/web-2:80"));
    expect(calls("stop")).toEqual([[2]]);
  });

  it("says what went wrong when it cannot be tried again", async () => {
    away(1, "unreachable", null);
    away(2, "unreachable", null);
    backend.rejects.set("retry", problem("server", "It hangs."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("cause-retry"));
    expect((await screen.findByTestId("problem")).textContent).toContain("It hangs.");
  });
});
