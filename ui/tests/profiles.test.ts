import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, problem, session } from "../src/dev/samples";
import { profile, saved, setKept, setProfile, taken } from "../src/dev/shelf";
import type { SessionView } from "../src/generated/SessionView";
import { dropped, placeAt } from "../src/lib/profiles/drag";
import { favourites, groups, localOf, localPorts, others, profileShown, step } from "../src/lib/profiles/shelf";
import { portsName, profileState } from "../src/lib/words/profiles";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  backend.set("context/default/staging", { part: "context", value: context("staging") });
  setKept(backend);
});

const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);
const toWeb = forward({ type: "service", name: "web" }, 8080);

function setSession(value: SessionView) {
  backend.set(`session/${value.id}`, { part: "session", value });
}

describe("the shelf", () => {
  const names = (profiles: { name: string }[]) => profiles.map(({ name }) => name);
  const a = profile("a", 0, { pinned: false, used_at: 1 });
  const b = profile("b", 1, { group: "x" });
  const c = profile("c", 2);
  const d = profile("d", 3, { pinned: false, used_at: 5 });
  const e = profile("e", 4, { pinned: false });
  const f = profile("f", 5, { pinned: false });

  it("has the pinned ones in the user's order, and of the others those used last first", () => {
    expect(names(favourites([c, a, b]))).toEqual(["b", "c"]);
    expect(names(others([f, a, d, b, e]))).toEqual(["d", "a", "e", "f"]);
  });

  it("is told what comes after the place where something is let go, if that is another one", () => {
    const among = [b, c, d];
    expect([0, 1, 2, 3].map((place) => dropped(among, "c", place))).toEqual([{ before: "b" }, null, null, { before: null }]);
    expect(dropped(among, "b", 2)).toEqual({ before: "d" });
    expect(dropped(among, "f", 0)).toBeNull();
    const lines = [0, 20, 40].map((top) => ({ top, bottom: top + 20 }));
    expect([0, 11, 29, 31, 90].map((y) => placeAt(lines, y))).toEqual([0, 1, 1, 2, 3]);
  });

  it("keeps groups together, those of none first", () => {
    expect(groups([b, c]).map(({ name, profiles }) => [name, profiles.length])).toEqual([["", 1], ["x", 1]]);
  });

  it("moves one by one place", () => {
    const among = [b, c, d];
    expect(step(among, "c", -1)).toEqual({ before: "b" });
    expect(step(among, "b", 1)).toEqual({ before: "d" });
    expect(step(among, "c", 1)).toEqual({ before: null });
    expect(step(among, "b", -1)).toBeNull();
    expect(step(among, "d", 1)).toBeNull();
  });

  it("shows a profile as its worst session is", () => {
    const sessions = new Map([
      ["session/1", session(1, toWeb, 8080, active(80, "web-1"))],
      ["session/2", session(2, toWeb, 8081, { state: "failed", error: problem("port_taken", "Taken.") })],
    ]);
    const run = (...ids: number[]) => profile("p", 0, { run: { state: "open", sessions: ids, moved: false } });
    expect(profileShown(profile("p", 0), sessions)).toBe("idle");
    expect(profileShown(run(1), sessions)).toBe("active");
    expect(profileShown(run(1, 2), sessions)).toBe("failed");
    expect(profileShown(run(3), sessions)).toBe("resolving");
    expect(profileShown(profile("p", 0, { run: { state: "blocked", taken: [taken(1)] } }), sessions)).toBe("blocked");
    expect(localPorts(run(1, 2), sessions)).toEqual([8080, 8081]);
    expect(localPorts(profile("p", 0), sessions)).toEqual([8080]);
  });

  it("reads and says local ports", () => {
    expect(["8080:80", "5432", ":80", "http"].map(localOf)).toEqual([8080, 5432, null, null]);
    expect([[8080], [8080, null], [1, 2, 3]].map(portsName)).toEqual([":8080", ":8080 any port", "3 ports"]);
    expect(profileState("blocked")).toBe("Port taken");
  });
});

describe("favourites", () => {
  it("are on the left before any context is open, and one click starts one", async () => {
    setProfile(backend, profile("web", 0));
    setProfile(backend, profile("hidden", 1, { pinned: false }));
    render(Window, { backend });
    const item = await screen.findByTestId("favourite-web");
    expect(item.getAttribute("aria-pressed")).toBe("false");
    expect(item.getAttribute("aria-label")).toBe("web :8080, not running: start it");
    expect(screen.queryByTestId("favourite-hidden")).toBeNull();
    await fireEvent.click(item);
    expect(calls("startProfiles")).toEqual([[["web"]]]);
  });

  it("are stopped by a click while they run", async () => {
    setSession(session(6, toWeb, 8080, active(80, "web-1")));
    setProfile(backend, profile("web", 0, { run: { state: "open", sessions: [6], moved: false } }));
    render(Window, { backend });
    const item = await screen.findByTestId("favourite-web");
    expect(item.dataset.state).toBe("active");
    await fireEvent.click(item);
    expect(calls("stopProfiles")).toEqual([[["web"]]]);
    expect(calls("startProfiles")).toEqual([]);
  });

  it("say why they cannot start", async () => {
    setProfile(backend, profile("web", 0));
    backend.rejects.set("startProfiles", problem("bad_profile", "Profile “web”: it has no forward.", "Change it."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("favourite-web"));
    expect((await screen.findByTestId("problem")).textContent).toContain("it has no forward");
  });

  it("start as a group", async () => {
    setProfile(backend, profile("web", 0, { group: "shop" }));
    setProfile(backend, profile("db", 1, { group: "shop" }));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("group-shop"));
    expect(calls("startProfiles")).toEqual([[["web", "db"]]]);
  });
});

describe("a card", () => {
  it("is saved by one click, and shows the favourite that it is", async () => {
    setSession(session(6, toWeb, 8080, active(80, "web-1")));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("session-save"));
    expect(calls("saveSession")).toEqual([[6, false]]);
    setProfile(backend, profile("web", 0, { run: { state: "open", sessions: [6], moved: false } }));
    await waitFor(() => expect(screen.getByTestId("session-save").textContent).toContain("Saved"));
    await fireEvent.click(screen.getByTestId("session-save"));
    expect(calls("saveSession").length).toBe(1);
    expect(await screen.findByTestId("field-name")).toHaveProperty("value", "web");
  });

  it("to a pod offers the pod's workload, too", async () => {
    const toPod = forward({ type: "pod", name: "web-1" }, 80);
    setSession(session(6, toPod, 8080, active(80, "web-1"), { instead: { type: "workload", kind: "deployment", name: "web" } }));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("session-save"));
    expect(calls("saveSession")).toEqual([]);
    const offer = screen.getByTestId("save-workload");
    expect(offer.textContent).toBe("deploy/web");
    await fireEvent.click(offer);
    expect(calls("saveSession")).toEqual([[6, true]]);
  });

  it("that was refused says why", async () => {
    setSession(session(6, toWeb, 8080, active(80, "web-1")));
    backend.rejects.set("saveSession", problem("storage", "Cannot write profiles.json: the disk is full.", "Make room on that disk."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("session-save"));
    expect((await screen.findByTestId("problem")).textContent).toContain("Make room");
  });

  it("whose port is taken offers another one, another address and the other session's end", async () => {
    backend.taken = [taken(8080, { remedies: [{ type: "port", port: 8081 }, { type: "address", address: "127.0.0.2" }, { type: "stop", session: 3 }] })];
    setSession(session(6, toWeb, null, { state: "failed", error: problem("port_taken", "Port 8080 is taken.") }));
    render(Window, { backend });
    const offers = await screen.findByTestId("taken-8080");
    expect(within(offers).getAllByRole("button").map((button) => button.textContent)).toEqual(["Use :8081", "Use 127.0.0.2:8080", "Stop that session"]);
    await fireEvent.click(within(offers).getByTestId("remedy-stop"));
    expect(calls("startAgain")).toEqual([[6, 0, { type: "stop", session: 3 }]]);
  });

  it("whose port is free by now can be tried again", async () => {
    setSession(session(6, toWeb, null, { state: "failed", error: problem("port_taken", "Port 8080 is taken.") }));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("start-again"));
    expect(calls("startAgain")).toEqual([[6, 0, null]]);
  });
});

describe("notices", () => {
  it("offer what was open, and open nothing by themselves", async () => {
    setKept(backend, { left_open: [saved("svc/web", "8080:80"), saved("svc/db", "5432:5432")] });
    render(Window, { backend });
    const notice = await screen.findByTestId("left-open");
    expect(notice.textContent).toContain("2 tunnels were open");
    expect(backend.calls).toEqual([]);
    await fireEvent.click(within(notice).getByText("Reopen 2"));
    await fireEvent.click(within(notice).getByTestId("forget-left-open"));
    expect(backend.calls).toEqual([["reopen"], ["forgetLeftOpen"]]);
  });

  it("say which port of a profile is taken, and one click decides", async () => {
    setProfile(backend, profile("db", 0, { run: { state: "blocked", taken: [taken(5432, { forward: 2, slot: 1 })] } }));
    render(Window, { backend });
    const notice = await screen.findByTestId("blocked-db");
    expect(notice.textContent).toContain("postgres (pid 812)");
    await fireEvent.click(within(notice).getByTestId("remedy-port"));
    expect(calls("remedyProfile")).toEqual([["db", 2, 1, { type: "port", port: 5433 }]]);
    expect(calls("keepProfile")).toEqual([]);
  });

  it("ask before another port is kept", async () => {
    setSession(session(6, toWeb, 8081, active(80, "web-1")));
    setProfile(backend, profile("web", 0, { run: { state: "open", sessions: [6], moved: true } }));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("keep-web"));
    expect(calls("keepProfile")).toEqual([["web"]]);
  });

  it("take a deletion back", async () => {
    setKept(backend, { removed: "web" });
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("undo-remove"));
    expect(calls("undoRemoveProfile")).toEqual([[]]);
  });

  it("tell that the file cannot be read", async () => {
    setKept(backend, { problem: problem("storage", "This user has no home folder.", "Set HOME.") });
    render(Window, { backend });
    const notice = await screen.findByTestId("profiles-problem");
    expect([notice.dataset.code, notice.textContent?.includes("Set HOME.")]).toEqual(["storage", true]);
  });
});

describe("all profiles", () => {
  it("are edited in place, field by field", async () => {
    setProfile(backend, profile("web", 0));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    await fireEvent.click(screen.getByTestId("edit-web"));
    await fireEvent.change(screen.getByTestId("field-group"), { target: { value: "shop" } });
    await fireEvent.change(screen.getByTestId("field-port"), { target: { value: "9000" } });
    await fireEvent.change(screen.getByTestId("field-address"), { target: { value: "127.0.0.2" } });
    await fireEvent.click(screen.getByTestId("field-autostart"));
    await fireEvent.click(screen.getByTestId("pin-web"));
    expect(calls("editProfile")).toEqual([
      ["web", { field: "group", to: "shop" }],
      ["web", { field: "local_port", forward: 0, slot: 0, to: "9000" }],
      ["web", { field: "address", forward: 0, to: "127.0.0.2" }],
      ["web", { field: "autostart", to: true }],
      ["web", { field: "pinned", to: false }],
    ]);
  });

  it("keep their fields open under a new name", async () => {
    setProfile(backend, profile("web", 0));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    await fireEvent.click(screen.getByTestId("edit-web"));
    await fireEvent.change(screen.getByTestId("field-name"), { target: { value: "front" } });
    backend.remove("profile/web");
    setProfile(backend, profile("front", 0));
    await waitFor(() => expect(screen.getByTestId("edit-front").getAttribute("aria-expanded")).toBe("true"));
    expect(screen.getByTestId("field-name")).toHaveProperty("value", "front");
  });

  it("are put in order, copied and deleted", async () => {
    setProfile(backend, profile("a", 0));
    setProfile(backend, profile("b", 1));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    await fireEvent.click(screen.getByTestId("edit-b"));
    await fireEvent.click(screen.getByTestId("move-down"));
    await fireEvent.click(screen.getByTestId("move-up"));
    expect(calls("placeProfile")).toEqual([["b", "a"]]);
    await fireEvent.click(screen.getByTestId("remove"));
    expect(calls("removeProfile")).toEqual([["b"]]);
    await fireEvent.click(screen.getByTestId("duplicate"));
    expect(calls("duplicateProfile")).toEqual([["b"]]);
  });

  it("are dragged to another place, unless Escape ends that", async () => {
    ["a", "b", "c"].forEach((name, place) => setProfile(backend, profile(name, place)));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    // Nothing is laid out here: each line is 20 pixels high, one under the other.
    ["a", "b", "c"].forEach((name, n) => {
      const box = { top: 20 * n, bottom: 20 * n + 20 } as DOMRect;
      screen.getByTestId(`profile-${name}`).getBoundingClientRect = () => box;
    });
    const handle = screen.getByTestId("drag-c");
    handle.setPointerCapture = () => undefined;
    const at = (clientY: number) => ({ pointerId: 1, isPrimary: true, button: 0, clientY });
    await fireEvent.pointerDown(handle, at(50));
    await fireEvent.pointerMove(handle, at(25));
    expect(screen.getByTestId("profile-b").dataset["edge"]).toBe("above");
    // What is told meanwhile does not end it.
    setProfile(backend, profile("a", 0, { note: "changed" }));
    await screen.findByText("changed");
    await fireEvent.pointerMove(handle, at(5));
    await fireEvent.pointerUp(handle, at(5));
    expect(calls("placeProfile")).toEqual([["c", "a"]]);
    expect(screen.getByTestId("profile-a").dataset["edge"]).toBeUndefined();

    await fireEvent.pointerDown(handle, at(50));
    await fireEvent.pointerMove(handle, at(5));
    await fireEvent.keyDown(document.body, { key: "Escape" });
    expect(screen.getByTestId("drag-c")).toBe(handle);
    await fireEvent.pointerUp(handle, at(5));
    // And one that is let go where it was stays.
    await fireEvent.pointerDown(handle, at(50));
    await fireEvent.pointerUp(handle, at(70));
    expect(calls("placeProfile")).toHaveLength(1);
  });

  it("say what to do while there are none", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    expect(screen.getByTestId("profiles-empty").textContent).toContain("click Save");
  });

  it("take in all that is open", async () => {
    setSession(session(6, toWeb, 8080, active(80, "web-1")));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-profiles"));
    await fireEvent.click(screen.getByTestId("save-open"));
    expect(calls("saveOpen")).toEqual([["All open"]]);
  });
});
