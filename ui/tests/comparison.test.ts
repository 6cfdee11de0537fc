import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { comparison, entry, lane, lost, podMet, probe, score } from "../src/dev/compared";
import { FakeBackend } from "../src/dev/fake";
import { active, context, forward, listPart, port, problem, service, session, staging, view } from "../src/dev/samples";
import type { ComparisonView } from "../src/generated/ComparisonView";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  backend.set("context/default/staging", { part: "context", value: context("staging", { reach: { state: "reachable" } }) });
  backend.set("list", listPart(view()));
  backend.set("row/1", { part: "row", value: service("web", [port(8080, { name: "http" }), port(7, { name: "echo" })]) });
  backend.set("row/2", { part: "row", value: service("api", [port(80), port(53, { protocol: "UDP" })]) });
  backend.set("row/3", { part: "row", value: service("dns", [port(53, { protocol: "UDP" })]) });
});

const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);
const set = (value: ComparisonView) => backend.set("comparison", { part: "comparison", value });

/** The window with a comparison that it found open. */
async function shown(more: Partial<ComparisonView> = {}) {
  set(comparison(more));
  render(Window, { backend });
  return within(await screen.findByTestId("comparison"));
}

/** Waits until the window has taken in what was set before. */
async function heard(n: number) {
  backend.set(`session/${n}`, { part: "session", value: session(n, forward({ type: "service", name: `later-${n}` }, 80), 8000 + n, active(80, "a")) });
  await screen.findByLabelText(`svc/later-${n}:80`);
}

describe("a comparison is opened", () => {
  it("from a Service's row, at its only TCP port", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("compare-api"));
    expect(calls("compare")).toEqual([[staging, "shop", "api", 80]]);
    await screen.findByTestId("comparison-opening");
    expect(screen.queryByTestId("compare-dns")).toBeNull();
  });

  it("from a Service's row, at the port that is chosen", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("compare-web"));
    expect(calls("compare")).toEqual([]);
    await fireEvent.click(await screen.findByTestId("compare-web-7"));
    expect(calls("compare")).toEqual([[staging, "shop", "web", 7]]);
  });

  it("from the card of a tunnel to a Service, and of no other", async () => {
    backend.set("session/3", { part: "session", value: session(3, forward({ type: "pod", name: "web-a" }, 80), 8001, active(80, "web-a")) });
    backend.set("session/4", { part: "session", value: session(4, forward({ type: "service", name: "web" }, "http"), 8000, active(80, "web-a")) });
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("session-compare"));
    expect(calls("compare")).toEqual([[staging, "shop", "web", "http"]]);
  });

  it("and is gone back to, not opened anew, once it is there", async () => {
    await shown();
    await fireEvent.click(screen.getByTestId("list-services"));
    await fireEvent.click(await screen.findByTestId("list-comparison"));
    await fireEvent.click(screen.getByTestId("list-services"));
    await fireEvent.click(await screen.findByTestId("compare-web"));
    await fireEvent.click(await screen.findByTestId("compare-web-8080"));
    await screen.findByTestId("lane-service");
    expect(calls("compare")).toEqual([]);
  });

  it("or says why not, and leaves", async () => {
    backend.rejects.set("compare", problem("target_not_found", "There is no svc/api."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("compare-api"));
    expect((await screen.findByTestId("problem")).textContent).toContain("There is no svc/api.");
    await fireEvent.click(screen.getByText("Close"));
    await screen.findByTestId("row-api");
    expect(calls("closeComparison")).toEqual([]);
  });

  it("and does not show the one before it as its own", async () => {
    await shown();
    await fireEvent.click(screen.getByTestId("list-services"));
    await fireEvent.click(await screen.findByTestId("compare-api"));
    await screen.findByTestId("comparison-opening");
    expect(screen.queryByTestId("lane-service")).toBeNull();
    // Nor one that somebody else has opened meanwhile.
    set(comparison({ opened_at: 2 }));
    await heard(4);
    expect(screen.queryByTestId("lane-service")).toBeNull();
    set(comparison({ service: "api", port: port(80), opened_at: 3 }));
    await screen.findByTestId("lane-service");
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("api : 80");
  });
});

describe("its lanes", () => {
  it("show the way, the phase and the numbers, and what is gone struck through", async () => {
    const gone = { state: "broken", reason: problem("pod_gone", "web-a was deleted.", "Compare anew.") } as const;
    await shown({
      lanes: [
        lane("service", { way: [{ kind: "pod_localhost", value: "web-b:80", down: false }] }),
        lane("pod", { phase: gone, way: [{ kind: "pod_localhost", value: "web-a:80", down: true }], recent: score({ answered: 2, lost: 2 }), cuts: 1 }),
      ],
    });
    const pod = within(screen.getByTestId("lane-pod"));
    expect(screen.getByTestId("lane-pod").dataset["state"]).toBe("broken");
    expect(pod.getByTestId("lane-phase").textContent).toBe("Broken");
    expect(pod.getByTestId("lane-says").textContent).toContain("web-a was deleted. Compare anew.");
    expect(pod.getByTestId("lane-way").querySelector("s")?.textContent).toBe("web-a:80");
    expect(within(screen.getByTestId("lane-service")).getByTestId("lane-way").querySelector("s")).toBeNull();
    expect(pod.getByTestId("lane-answered").textContent).toContain("50 %");
    expect(pod.getByTestId("lane-cuts").textContent).toBe("1");
    expect(screen.queryByTestId("lane-node_port")).toBeNull();
  });

  it("are drawn from the probes, and only newer ones are asked for", async () => {
    backend.probed = [probe(1, "service"), probe(2, "pod", { outcome: lost, pod: null }), probe(3, "service", { outcome: { outcome: "held", status: 200 } })];
    await shown({ probes: 3, account: [entry(600, "pod_deleted", "web-a was deleted.")] });
    const ribbon = (kind: string) => within(screen.getByTestId(`lane-${kind}`)).getByTestId("ribbon");
    const drawn = (kind: string) => [...ribbon(kind).querySelectorAll<SVGElement>("[data-outcome]")].map(({ dataset }) => `${dataset["bars"]} ${dataset["outcome"]}`);
    await waitFor(() => expect(drawn("service")).toEqual(["1 answered", "1 held"]));
    expect(drawn("pod")).toEqual(["1 lost"]);
    await fireEvent.pointerMove(ribbon("pod"), { clientX: 719 });
    expect(ribbon("pod").querySelector("title")?.textContent).toContain("lost after");
    expect(within(ribbon("pod")).getByTestId("ribbon-line").querySelector("title")?.textContent).toContain("web-a was deleted.");
    backend.probed.push(probe(4, "pod"));
    set(comparison({ probes: 4 }));
    await waitFor(() => expect(drawn("pod")).toEqual(["1 lost", "1 answered"]));
    expect(calls("probes")).toEqual([[0], [3]]);
    // Another comparison begins at nothing.
    backend.probed = [probe(1, "pod")];
    set(comparison({ probes: 1, opened_at: 2 }));
    await waitFor(() => expect(drawn("pod")).toEqual(["1 answered"]));
    expect(drawn("service")).toEqual([]);
  });

  it("say how answers were spread, by letter", async () => {
    await shown({ lanes: [lane("service", { by_pod: [[0, 3], [1, 1200]] })] });
    const pieces = within(screen.getByTestId("by-pod")).getAllByRole("listitem");
    expect(pieces.map((piece) => piece.textContent)).toEqual(["A 3", "B 1,200"]);
    expect(pieces[1]?.title).toBe("B web-b: 1,200 answers");
  });

  it("keep their tunnels out of the sessions", async () => {
    backend.set("session/71", { part: "session", value: session(71, forward({ type: "service", name: "web" }, 8080), 41780, active(80, "web-a")) });
    await shown();
    expect(screen.queryByTestId("session-card")).toBeNull();
    await fireEvent.click(screen.getByTestId("list-services"));
    expect((await screen.findByTestId("chip-web-8080")).textContent?.trim()).toBe("http 8080");
  });
});

describe("the pod that is deleted", () => {
  it("is named with its namespace and context before it goes", async () => {
    const at = await shown();
    await fireEvent.click(at.getByTestId("delete-pod"));
    expect(calls("deleteComparedPod")).toEqual([]);
    expect(at.getByTestId("delete-question").textContent).toContain("Delete pod web-a in namespace shop of context staging?");
    await fireEvent.click(at.getByTestId("delete-keep"));
    expect(at.queryByTestId("delete-question")).toBeNull();
    await fireEvent.click(at.getByTestId("delete-pod"));
    await fireEvent.click(at.getByTestId("delete-confirm"));
    expect(calls("deleteComparedPod")).toEqual([["uid-web-a"]]);
  });

  it("is the one that was asked about, and never another", async () => {
    const at = await shown();
    await fireEvent.click(at.getByTestId("delete-pod"));
    // The button names another pod from here on; the question does not.
    set(comparison({ experiment: { delete: { may: "yes" }, pod: 1, demo: false } }));
    await waitFor(() => expect(at.getByTestId("delete-pod").dataset["name"]).toBe("web-b"));
    await fireEvent.click(at.getByTestId("delete-confirm"));
    expect(calls("deleteComparedPod")).toEqual([["uid-web-a"]]);
  });

  it("is not asked about any longer once it is gone by itself", async () => {
    const at = await shown();
    await fireEvent.click(at.getByTestId("delete-pod"));
    set(comparison({ pods: [podMet("web-a", false), podMet("web-b")], experiment: { delete: { may: "yes" }, pod: 1, demo: false } }));
    await waitFor(() => expect(at.queryByTestId("delete-question")).toBeNull());
  });

  it.each(["protected", "forbidden"] as const)("is none where that is %s: it is shown on the demo cluster", async (may) => {
    const at = await shown({ experiment: { delete: { may }, pod: 0, demo: false } });
    expect(at.queryByTestId("delete-pod")).toBeNull();
    expect(at.getByTestId("show-on-demo").textContent).toBe("Show it on the demo cluster");
    await fireEvent.click(at.getByTestId("show-on-demo"));
    await waitFor(() => expect(calls("compare")).toEqual([[{ source: "/tmp/demo", name: "demo" }, "shop", "web", "http"]]));
    expect(calls("demo")).toHaveLength(1);
  });

  it("says why it could not be deleted", async () => {
    const at = await shown();
    backend.rejects.set("deleteComparedPod", problem("forbidden", "You may not delete pods in shop."));
    await fireEvent.click(at.getByTestId("delete-pod"));
    await fireEvent.click(at.getByTestId("delete-confirm"));
    expect((await at.findByTestId("problem")).textContent).toContain("You may not delete pods in shop.");
  });
});

describe("what is asked", () => {
  it("waits for Start where that may harm, and says why", async () => {
    const at = await shown({ state: { state: "not_started", because: "not_http" } });
    expect(at.getByTestId("not-started").textContent).toContain("Half-open logins");
    await fireEvent.click(at.getByTestId("start-comparison"));
    expect(calls("startComparison")).toEqual([[]]);
  });

  it("can be changed, by method and path", async () => {
    const at = await shown();
    expect(at.queryByTestId("ask")).toBeNull();
    await fireEvent.change(at.getByTestId("asking-method"), { target: { value: "head" } });
    await fireEvent.input(at.getByTestId("asking-path"), { target: { value: "/healthz" } });
    await fireEvent.click(at.getByTestId("ask"));
    expect(calls("askComparison")).toEqual([["head", "/healthz"]]);
    await fireEvent.change(at.getByTestId("asking-method"), { target: { value: "connect" } });
    expect(at.queryByTestId("asking-path")).toBeNull();
  });

  it("keeps what is being typed while probes come in", async () => {
    const at = await shown();
    await fireEvent.input(at.getByTestId("asking-path"), { target: { value: "/he" } });
    set(comparison({ lanes: [lane("service", { cuts: 3 })] }));
    await waitFor(() => expect(at.getByTestId("lane-cuts").textContent).toBe("3"));
    expect((at.getByTestId("asking-path") as HTMLInputElement).value).toBe("/he");
  });
});

describe("the account", () => {
  it("stands newest first, and the verdict stands out", async () => {
    const at = await shown({ account: [entry(1, "opened", "Both are open."), entry(2, "cut", "Direct pod: it was cut.", "pod"), entry(3, "verdict", "Direct pod: 41 lost.")] });
    const entries = at.getAllByTestId("account-entry");
    expect(entries.map((one) => one.dataset["what"])).toEqual(["verdict", "cut", "opened"]);
    expect(entries[1]?.querySelector("p")?.textContent).toBe("Direct pod: it was cut.");
    expect(at.getByTestId("verdict").textContent).toBe("Direct pod: 41 lost.");
  });

  it("can be copied as Markdown and saved as JSON", async () => {
    const at = await shown();
    await fireEvent.click(at.getByTestId("copy-markdown"));
    await waitFor(() => expect(calls("copy")).toEqual([["# web : http"]]));
    await fireEvent.click(at.getByTestId("save-json"));
    await waitFor(() => expect(at.getByTestId("saved").textContent).toBe("Saved to /home/me/Downloads/portolan-web-http.json"));
  });
});

describe("a comparison is closed", () => {
  it("and the list is back", async () => {
    const at = await shown();
    await fireEvent.click(at.getByTestId("close-comparison"));
    expect(calls("closeComparison")).toEqual([[]]);
    await screen.findByTestId("row-web");
  });

  it("elsewhere, and the window follows", async () => {
    await shown();
    backend.remove("comparison");
    await screen.findByTestId("row-web");
  });

  it("and begun anew once its pod is gone", async () => {
    const at = await shown({ lanes: [lane("service"), lane("pod", { phase: { state: "broken", reason: problem("pod_gone", "Gone.") } })] });
    await fireEvent.click(at.getByTestId("compare-anew"));
    expect(calls("compare")).toEqual([[staging, "shop", "web", 8080]]);
    // The old one still has something to say.
    set(comparison({ account: [entry(2, "cut", "Late.")] }));
    await heard(4);
    screen.getByTestId("comparison-opening");
    set(comparison({ opened_at: 2 }));
    await screen.findByTestId("lane-pod");
  });
});

describe("Show me", () => {
  const demo = { source: "/tmp/demo", name: "demo" };
  const answered = { total: score({ answered: 8 }) };
  const lanes = [lane("service", answered), lane("pod", { ...answered, phase: active(80, "web-b") })];
  const experiment = { delete: { may: "yes" }, pod: 0, demo: true } as const;
  const web = { context: demo, experiment, opened_at: 5 };

  it("opens web, watches, deletes the direct tunnel's pod once, and tells what it cost", async () => {
    const at = await shown({ experiment });
    await fireEvent.click(at.getByTestId("show-me"));
    await waitFor(() => expect(calls("compare")).toEqual([[demo, "shop", "web", "http"]]));
    // The one before it is none of the story's, whatever becomes of it.
    for (const n of [4, 5, 6]) {
      set(comparison({ experiment, lanes, account: [entry(n, "opened", "")] }));
      await heard(n);
    }
    expect(calls("deleteComparedPod")).toEqual([]);
    set(comparison(web));
    await waitFor(() => expect(screen.getByTestId("story").dataset["step"]).toBe("watching"));
    expect(calls("deleteComparedPod")).toEqual([]);
    set(comparison({ ...web, lanes }));
    await waitFor(() => expect(screen.getByTestId("story").dataset["step"]).toBe("telling"));
    set(comparison({ ...web, lanes, probes: 0, account: [entry(9, "pod_deleted", "web-b was deleted.")] }));
    set(comparison({ ...web, lanes, account: [entry(9, "pod_deleted", ""), entry(20, "verdict", "It cost 41 probes.")] }));
    await waitFor(() => expect(screen.getByTestId("story").dataset["step"]).toBe("told"));
    expect(calls("deleteComparedPod")).toEqual([["uid-web-b"]]);
  });

  it("deletes the pod once, also while that takes its time", async () => {
    const at = await shown({ experiment });
    let asked = 0;
    backend.deleteComparedPod = () => {
      asked += 1;
      return new Promise(() => undefined);
    };
    await fireEvent.click(at.getByTestId("show-me"));
    await waitFor(() => expect(calls("compare")).toHaveLength(1));
    set(comparison(web));
    await screen.findByTestId("story");
    for (const text of ["one", "two", "three"]) {
      set(comparison({ ...web, lanes, account: [entry(6, "pod_not_ready", text)] }));
      await waitFor(() => expect(screen.getByTestId("account").textContent).toContain(text));
    }
    expect(screen.getByTestId("story").dataset["step"]).toBe("deleting");
    expect(asked).toBe(1);
  });

  it("deletes nothing in another comparison that is opened meanwhile", async () => {
    const at = await shown({ experiment });
    await fireEvent.click(at.getByTestId("show-me"));
    await waitFor(() => expect(calls("compare")).toHaveLength(1));
    set(comparison(web));
    await waitFor(() => at.getByTestId("story"));
    await fireEvent.click(screen.getByTestId("close-comparison"));
    set(comparison({ ...web, lanes, opened_at: 9 }));
    await fireEvent.click(await screen.findByTestId("list-comparison"));
    await screen.findByTestId("lane-pod");
    expect(calls("deleteComparedPod")).toEqual([]);
    expect(screen.queryByTestId("story")).toBeNull();
  });

  it("says why it could not", async () => {
    const at = await shown({ experiment });
    backend.rejects.set("demo", problem("demo", "The demo cluster cannot start."));
    await fireEvent.click(at.getByTestId("show-me"));
    expect((await at.findByTestId("problem")).textContent).toContain("The demo cluster cannot start.");
  });
});

describe("a protected context", () => {
  it("is marked by a click, and shown as marked", async () => {
    render(Window, { backend });
    const shield = await screen.findByTestId("protect-staging");
    expect(shield.getAttribute("aria-pressed")).toBe("false");
    await fireEvent.click(shield);
    expect(calls("protect")).toEqual([[staging, true]]);
    backend.set("context/default/staging", { part: "context", value: context("staging", { protected: true }) });
    await waitFor(() => expect(shield.getAttribute("aria-pressed")).toBe("true"));
    backend.rejects.set("protect", problem("server", "It hangs."));
    await fireEvent.click(shield);
    expect(calls("protect").at(-1)).toEqual([staging, false]);
    expect((await screen.findByTestId("problem")).textContent).toBe("It hangs.");
  });
});
