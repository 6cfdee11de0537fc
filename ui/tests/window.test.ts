import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, listPart, port, problem, role, service, session, shop, staging, view } from "../src/dev/samples";
import type { Row } from "../src/generated/Row";
import type { SessionView } from "../src/generated/SessionView";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  setContext();
});

function setContext(more: Parameters<typeof context>[1] = {}) {
  const known = { state: "known" as const, names: ["shop", "default"] };
  const value = context("staging", { reach: { state: "reachable" }, namespaces: known, ...more });
  backend.set("context/default/staging", { part: "context", value });
}

function setRows(...rows: Row[]) {
  backend.set("list", listPart(view()));
  rows.forEach((value, n) => backend.set(`row/${n}`, { part: "row", value }));
}

function setSession(value: SessionView) {
  backend.set(`session/${value.id}`, { part: "session", value });
}

const web = service("web", [port(8080, { name: "http", target: 80 }), port(53, { protocol: "UDP" })]);
const toWeb = forward({ type: "service", name: "web" }, 8080);
const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);

describe("contexts", () => {
  it("are not contacted before one is chosen", async () => {
    render(Window, { backend });
    await screen.findByTestId("no-context");
    expect(backend.calls).toEqual([]);
  });

  it("open at the namespace that kubectl would use", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("context-staging"));
    expect(calls("look")).toEqual([[view("services", shop)]]);
    await fireEvent.click(await screen.findByTestId("list-pods"));
    expect(calls("look").at(-1)).toEqual([view("pods", shop)]);
  });

  it("say why they cannot be reached", async () => {
    setContext({ reach: { state: "unreachable", problem: problem("unreachable", "It does not answer.", "Is the VPN up?") } });
    render(Window, { backend });
    const item = await screen.findByTestId("context-staging");
    expect(item.textContent).toContain("unreachable");
    expect(item.title).toBe("It does not answer. Is the VPN up?");
  });

  it("keep the view through a reload of the page", async () => {
    setRows(web);
    render(Window, { backend });
    await screen.findByTestId("row-web");
    expect(calls("look")).toEqual([]);
  });
});

describe("namespaces", () => {
  it("are chosen, All first", async () => {
    setRows(web);
    render(Window, { backend });
    const select = (await screen.findByTestId("namespace-select")) as HTMLSelectElement;
    expect([...select.options].map((option) => option.text)).toEqual(["All", "default", "shop"]);
    expect(select.value).toBe("shop");
    await fireEvent.change(select, { target: { value: "*" } });
    expect(calls("look").at(-1)).toEqual([view("services", { scope: "all" })]);
  });

  it("are typed where they may not be listed, and it says so", async () => {
    setContext({ namespaces: { state: "forbidden", problem: problem("forbidden", "You may not list namespaces: said so."), role } });
    setRows(web);
    render(Window, { backend });
    const why = await screen.findByTestId("namespaces-forbidden");
    expect(why.textContent).toContain("You may not list namespaces.");
    await fireEvent.click(within(why).getByText("Copy Role"));
    expect(calls("copy")).toEqual([[role.text]]);
    const input = (await screen.findByTestId("namespace-select")) as HTMLInputElement;
    expect(input.tagName).toBe("INPUT");
    input.value = " billing ";
    await fireEvent.submit(input.closest("form") as HTMLFormElement);
    expect(calls("look").at(-1)).toEqual([view("services", { scope: "one", name: "billing" })]);
  });
});

describe("a chip", () => {
  it("opens the tunnel with the right forward, then copies its address", async () => {
    setRows(web);
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("chip-web-8080"));
    await waitFor(() => expect(calls("start")).toHaveLength(1));
    expect(calls("start")[0]).toEqual([
      {
        context: staging,
        namespace: "shop",
        target: { type: "service", name: "web" },
        ports: [{ local: { type: "suggested" }, remote: 8080 }],
        bind: [],
        balance: null,
        hold_seconds: 30,
        wait_for_name: false,
      },
    ]);
    expect(calls("copy")).toEqual([]);
    setSession(session(1, toWeb, 8080, { state: "resolving" }));
    await waitFor(() => expect(calls("copy")).toEqual([["127.0.0.1:8080"]]));
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("127.0.0.1:8080 copied"));
    // Once: not again with every change of the session.
    setSession(session(1, toWeb, 8080, active(80, "a")));
    await waitFor(() => expect(screen.getByTestId("session-card").dataset["state"]).toBe("active"));
    expect(calls("copy")).toHaveLength(1);
  });

  it("opens one tunnel also if it is clicked twice", async () => {
    setRows(web);
    render(Window, { backend });
    const chip = await screen.findByTestId("chip-web-8080");
    await fireEvent.click(chip);
    await fireEvent.click(chip);
    expect(calls("start")).toHaveLength(1);
  });

  it("shows its session once open, and never stops it", async () => {
    setRows(web);
    setSession(session(4, toWeb, 8080, active(80, "a")));
    render(Window, { backend });
    const chip = await screen.findByTestId("chip-web-8080");
    expect(chip.textContent?.trim()).toBe(":8080 → http 8080 → 80");
    await fireEvent.click(chip);
    expect(backend.calls).toEqual([]);
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("session-card")));
  });

  it("of a UDP port is disabled and says why", async () => {
    setRows(web);
    render(Window, { backend });
    const chip = (await screen.findByTestId("chip-web-53-udp")) as HTMLButtonElement;
    expect(chip.disabled).toBe(true);
    expect(chip.title).toContain("carries TCP only");
  });

  it("shows the problem under its row when the engine refuses", async () => {
    setRows(web);
    backend.rejects.set("start", problem("port_not_found", "web has no port 8080.", "It has 80."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("chip-web-8080"));
    const says = await screen.findByTestId("problem");
    expect(says.textContent).toContain("web has no port 8080. It has 80.");
    expect(says.dataset["code"]).toBe("port_not_found");
    // And it can be tried again.
    backend.rejects.delete("start");
    await fireEvent.click(screen.getByTestId("chip-web-8080"));
    expect(calls("start")).toHaveLength(2);
    await waitFor(() => expect(screen.queryByTestId("problem")).toBeNull());
  });
});

describe("+ port", () => {
  async function type(text: string) {
    setRows(web);
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("add-port-web"));
    const input = await screen.findByTestId("add-port-input");
    await fireEvent.input(input, { target: { value: text } });
    await fireEvent.submit(input.closest("form") as HTMLFormElement);
  }

  it("opens a port that is not declared, as the engine reads it", async () => {
    await type("9000:7");
    await waitFor(() => expect(calls("start")).toHaveLength(1));
    expect(calls("start")[0]).toMatchObject([{ ports: [{ local: { type: "fixed", port: 9000 }, remote: 7 }] }]);
    expect(screen.queryByTestId("add-port-input")).toBeNull();
  });

  it("says what is wrong with what was typed, and keeps it", async () => {
    await type("70000");
    expect((await screen.findByTestId("problem")).textContent).toContain("70000 is not a port. Ports go from 1 to 65535.");
    expect((screen.getByTestId("add-port-input") as HTMLInputElement).value).toBe("70000");
    expect(calls("start")).toEqual([]);
  });
});

describe("the list", () => {
  it("is loading until the engine says otherwise, then empty", async () => {
    backend.set("list", listPart(view(), { state: "loading" }));
    render(Window, { backend });
    await screen.findByTestId("list-loading");
    backend.set("list", listPart(view()));
    expect((await screen.findByTestId("list-empty")).textContent).toBe("No services in shop.");
  });

  it("keeps its rows when it is stale, and says so", async () => {
    setRows(web);
    backend.set("list", listPart(view(), { state: "stale", problem: problem("unreachable", "It does not answer.") }));
    render(Window, { backend });
    expect((await screen.findByTestId("list-stale")).textContent).toContain("It does not answer.");
    screen.getByTestId("row-web");
  });

  it("does not show another view's rows as its own", async () => {
    setRows(web);
    render(Window, { backend });
    await screen.findByTestId("row-web");
    await fireEvent.click(screen.getByTestId("list-pods"));
    expect(screen.queryByTestId("row-web")).toBeNull();
    screen.getByTestId("list-loading");
  });

  it("is filtered; / comes to the field and Escape clears it", async () => {
    setRows(web, service("api", [port(80)]));
    render(Window, { backend });
    const field = (await screen.findByTestId("filter")) as HTMLInputElement;
    await fireEvent.keyDown(document.body, { key: "/" });
    expect(document.activeElement).toBe(field);
    await fireEvent.input(field, { target: { value: "api" } });
    expect(screen.queryByTestId("row-web")).toBeNull();
    screen.getByTestId("row-api");
    await fireEvent.keyDown(field, { key: "Escape" });
    await waitFor(() => screen.getByTestId("row-web"));
    expect(document.activeElement).not.toBe(field);
  });

  it("says that an ExternalName leads nowhere that can be forwarded to", async () => {
    const facts = { kind: "service", service_type: "ExternalName", external_name: "smtp.example.org" } as const;
    setRows(service("mail", [], { facts, ready: null, wanted: null }));
    render(Window, { backend });
    expect((await screen.findByTestId("row-mail")).textContent).toContain("smtp.example.org: nothing here to forward to");
  });

  it("shows a node port, and how many more there are", async () => {
    const facts = { kind: "service", service_type: "NodePort", external_name: null } as const;
    const at = (number: number, node_port: number) => ({ ...port(number), node_port });
    setRows(service("one", [port(7), at(80, 30080)], { facts }), service("three", [at(80, 30081), at(443, 30443), at(7, 30007)], { facts }));
    render(Window, { backend });
    expect(within(await screen.findByTestId("row-one")).getByTitle("NodePort 30080 (80:30080)").textContent?.trim()).toBe("NodePort 30080");
    const three = "NodePort 30081 +2 (80:30081, 443:30443, 7:30007)";
    expect(within(screen.getByTestId("row-three")).getByTitle(three).textContent?.trim()).toBe("NodePort 30081 +2");
  });
});

describe("a session's card", () => {
  async function card(value: SessionView) {
    setSession(value);
    render(Window, { backend });
    return within(await screen.findByTestId("session-card"));
  }

  it("says what it waits for and what to do, and that it watches", async () => {
    const reason = problem("no_ready_pod", "Both pods fail their probe.", "See their logs.");
    const at = await card(session(2, toWeb, 8080, { state: "waiting", reason, needs_you: false, attempt: 0, retry_at: null }));
    expect(at.getByTestId("session-phase").textContent).toBe("Waiting");
    expect(at.getByTestId("session-says").textContent).toContain("Both pods fail their probe. See their logs.");
    expect(at.getByTestId("session-waiting").textContent).toBe("Watching: connects as soon as a pod is ready");
    expect(at.queryByTestId("session-retry")).toBeNull();
  });

  it("offers Retry now only while it counts down", async () => {
    const reason = problem("unreachable", "It does not answer.");
    const phase = { state: "waiting", reason, needs_you: false, attempt: 2, retry_at: Date.now() + 4000 } as const;
    const at = await card(session(2, toWeb, 8080, phase));
    expect(at.getByTestId("session-waiting").textContent).toMatch(/^Trying again in [34] s · attempt 2$/);
    await fireEvent.click(at.getByTestId("session-retry"));
    expect(calls("retry")).toEqual([[2]]);
  });

  it("copies its address, opens it, and stops", async () => {
    const at = await card(session(2, toWeb, 8080, active(80, "a")));
    await fireEvent.click(at.getByTestId("session-address"));
    await fireEvent.click(at.getByTestId("session-stop"));
    expect(calls("copy")).toEqual([["127.0.0.1:8080"]]);
    expect(calls("stop")).toEqual([[2]]);
  });

  it("is closed, not stopped, once it is over", async () => {
    const reason = problem("pod_gone", "cache-1 was deleted.", "Open svc/cache.");
    const at = await card(session(2, forward({ type: "pod", name: "cache-1" }, 6379), null, { state: "broken", reason }));
    expect(at.getByTestId("session-stop").textContent?.trim()).toBe("Close");
    expect(at.getByTestId("session-says").textContent).toContain("cache-1 was deleted. Open svc/cache.");
    expect(at.queryByTestId("session-address")).toBeNull();
  });

  it("says why it is on another port, and which dial was refused", async () => {
    const value = session(2, toWeb, 5433, active(80, "a"), { mark: "web-7d9 refused :80" });
    const [listener] = value.listeners;
    if (listener) listener.instead_of = { port: 5432, holder: { type: "process", name: "postgres", pid: 812 } };
    const at = await card(value);
    expect(at.getByTestId("session-instead").textContent).toBe(":5433 · 5432 is held by postgres (pid 812)");
    expect(at.getByTestId("session-mark").textContent).toContain("web-7d9 refused :80");
  });

  it("shows what went wrong when it cannot be stopped", async () => {
    const at = await card(session(2, toWeb, 8080, active(80, "a")));
    backend.rejects.set("stop", problem("server", "It hangs."));
    await fireEvent.click(at.getByTestId("session-stop"));
    expect((await at.findByTestId("problem")).textContent).toContain("It hangs.");
  });
});

describe("no kubeconfig", () => {
  it("says where it looked, what to do, and looks again", async () => {
    backend.remove("context/default/staging");
    const none = problem("no_kubeconfig", "There is no kubeconfig.", "Put one there.");
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/a/config", "/b/config"], problem: none } });
    render(Window, { backend });
    const says = (await screen.findByTestId("kubeconfig-problem")).textContent;
    for (const part of ["There is no kubeconfig.", "Put one there.", "/a/config", "/b/config"]) expect(says).toContain(part);
    await fireEvent.click(screen.getByTestId("look-again"));
    expect(calls("reloadKubeconfig")).toEqual([[]]);
  });

  it("opens the demo cluster as soon as its context is known", async () => {
    backend.remove("context/default/staging");
    const none = problem("no_kubeconfig", "There is no kubeconfig.", "Put one there.");
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/a/config"], problem: none } });
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-demo"));
    expect(calls("demo")).toEqual([[]]);
    const id = { source: "/tmp/demo", name: "demo" };
    backend.set("context//tmp/demo/demo", { part: "context", value: context("demo", { id, namespace: "shop" }) });
    await waitFor(() => expect(calls("look")).toEqual([[{ ...view("services", shop), context: id }]]));
    expect(screen.queryByTestId("kubeconfig-problem")).toBeNull();
  });

  it("says why the demo cluster does not start", async () => {
    backend.remove("context/default/staging");
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: [], problem: problem("no_kubeconfig", "None.", "") } });
    backend.rejects.set("demo", problem("demo", "No port is free.", ""));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-demo"));
    expect((await screen.findByTestId("problem")).textContent).toContain("No port is free.");
  });
});
