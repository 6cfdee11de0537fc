import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { comparison } from "../src/dev/compared";
import { anatomy, healthy, ill, missesLabel, path } from "../src/dev/explanation";
import { FakeBackend } from "../src/dev/fake";
import { context, listPart, port, problem, service, staging, view } from "../src/dev/samples";
import type { Explanation } from "../src/generated/Explanation";
import { joinsAt, LINE, linksRightOf } from "../src/lib/explain/anatomy";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  backend.set("list", listPart(view()));
  backend.set("row/1", { part: "row", value: service("web", [port(8080)], { trouble: "selector matches no pod", finding: "selector_matches_nothing" }) });
  mark(false);
});

function mark(protects: boolean) {
  backend.set("context/default/staging", { part: "context", value: context("staging", { protected: protects }) });
}

const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);

async function explained(says: Explanation) {
  backend.explanation = Promise.resolve(says);
  render(Window, { backend });
  await fireEvent.click(await screen.findByTestId("explain-web"));
  await screen.findByTestId("findings");
}

describe("an explanation", () => {
  it("is opened from the mark of a finding, and probes", async () => {
    backend.explanation = Promise.resolve(ill());
    render(Window, { backend });
    const finding = await screen.findByTestId("finding-web");
    expect(finding.dataset["code"]).toBe("selector_matches_nothing");
    expect(finding.textContent).toContain("selector matches no pod");
    await fireEvent.click(finding);
    await screen.findByTestId("findings");
    expect(calls("explain")).toEqual([[staging, "shop", "web", "http"]]);
  });

  it("is opened from the comparison, and leads back to it", async () => {
    backend.explanation = Promise.resolve(healthy());
    backend.set("comparison", { part: "comparison", value: comparison() });
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("explain-compared"));
    await screen.findByTestId("findings");
    await fireEvent.click(screen.getByTestId("back-to-comparison"));
    await screen.findByTestId("lane-service");
    expect(calls("explain")).toEqual([[staging, "shop", "web", "http"]]);
  });

  it("says that it reads, then what was read", async () => {
    let answer: (says: Explanation) => void = () => undefined;
    backend.explanation = new Promise((resolve) => (answer = resolve));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("explain-web"));
    expect((await screen.findByTestId("explanation-loading")).textContent).toBe("Reading svc/web and what it leads to…");
    answer(healthy());
    await screen.findByTestId("healthy");
  });

  it.each([["forbidden", "explanation-forbidden"], ["unreachable", "explanation-failed"]] as const)("says why there is none: %s", async (code, id) => {
    backend.rejects.set("explain", problem(code, "You may not get services in shop.", "Ask for it."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("explain-web"));
    expect((await screen.findByTestId(id)).textContent).toContain("You may not get services in shop. Ask for it.");
    backend.rejects.delete("explain");
    backend.explanation = Promise.resolve(healthy());
    await fireEvent.click(screen.getByTestId("probe-again"));
    await screen.findByTestId("healthy");
    expect(screen.queryByTestId(id)).toBeNull();
  });

  it("probes nothing on a protected context before it is asked to", async () => {
    mark(true);
    await explained(healthy());
    expect(calls("explain")).toEqual([[staging, "shop", "web", "none"]]);
    screen.getByTestId("explanation-unprobed");
    const button = screen.getByTestId("probe-again");
    expect(button.textContent).toBe("Probe now");
    await fireEvent.click(button);
    await waitFor(() => expect(calls("explain").at(-1)).toEqual([staging, "shop", "web", "http"]));
    await waitFor(() => expect(screen.queryByTestId("explanation-unprobed")).toBeNull());
  });

  it("asks ports that are not HTTP only on demand", async () => {
    await explained(healthy());
    await fireEvent.click(screen.getByTestId("probe-all"));
    await waitFor(() => expect(calls("explain")).toEqual([[staging, "shop", "web", "http"], [staging, "shop", "web", "all"]]));
  });

  it("of another Service is not that of the one before", async () => {
    await explained(ill());
    await fireEvent.click(screen.getByTestId("close-explanation"));
    backend.explanation = Promise.resolve(healthy());
    await fireEvent.click(await screen.findByTestId("explain-web"));
    await screen.findByTestId("healthy");
    expect(screen.queryByTestId("finding")).toBeNull();
  });

  it("leads to the comparison of each port that a tunnel leads to", async () => {
    await explained(healthy({ paths: [path("service_tunnel", "svc/web", { port: 80 }), path("service_tunnel", "svc/web", { port: 7 }), path("node_port", "10.0.0.1:30080", { port: 80 })] }));
    await fireEvent.click(screen.getByTestId("compare-explained-7"));
    expect(calls("compare")).toEqual([[staging, "shop", "web", 7]]);
  });
});

describe("findings", () => {
  it("stand with how bad they are, why, what to do and what was read", async () => {
    await explained(ill());
    const [first, second, third] = screen.getAllByTestId("finding");
    expect([first, second, third].map((one) => one?.dataset["severity"])).toEqual(["error", "warning", "note"]);
    const shapes = [first, second, third].map((one) => one?.querySelector<SVGElement>(".mark")?.dataset["shape"]);
    expect(new Set(shapes).size).toBe(3);
    for (const words of ["Selector matches no pod", "Nothing works", "svc/checkout", missesLabel.why, missesLabel.next, "spec.selector.app", "check-out"]) {
      expect(first?.textContent).toContain(words);
    }
    await fireEvent.click(within(first as HTMLElement).getByTestId("copy"));
    expect(calls("copy")).toEqual([[missesLabel.snippet?.text]]);
    expect(within(third as HTMLElement).queryByTestId("copy")).toBeNull();
  });

  it("are told from what could not be read", async () => {
    await explained(ill());
    expect(screen.getByTestId("unread").textContent).toContain("ingresses in shop");
    expect(screen.getByTestId("unread").textContent).toContain("You may not list ingresses in shop.");
  });
});

describe("the anatomy", () => {
  it("numbers both ends of a join, and joins neighbours by a line", () => {
    expect(joinsAt(anatomy, 0, "spec.selector.app")).toEqual([0]);
    expect(joinsAt(anatomy, 1, "spec.template.metadata.labels.app")).toEqual([0, 2]);
    expect(linksRightOf(anatomy, 0).map(({ join }) => join)).toEqual([0, 1, 4]);
    expect(linksRightOf(anatomy, 0)[0]).toEqual({ join: 0, left: 3.5 * LINE, right: 1.5 * LINE, broken: false });
    expect(linksRightOf(anatomy, 1).map(({ join }) => join)).toEqual([2]);
    expect(linksRightOf(anatomy, 2)).toEqual([]);
  });

  it("lets what leads nowhere end in nothing", () => {
    expect(linksRightOf(ill().anatomy, 0)[0]).toMatchObject({ join: 0, right: null, broken: true });
  });

  it("explains each join, and shows both its lines to who looks at it", async () => {
    await explained(ill());
    const lessons = within(screen.getByTestId("lessons")).getAllByRole("listitem");
    expect(lessons).toHaveLength(5);
    expect(lessons[0]?.textContent).toContain("Selector matches no pod.");
    expect(lessons[0]?.dataset["broken"]).toBe("selector_matches_nothing");
    const numbers = screen.getAllByTestId("join-number").filter((one) => one.textContent === "2");
    expect(numbers).toHaveLength(2);
    await fireEvent.focus(numbers[0] as HTMLElement);
    expect([...screen.getByTestId("anatomy").querySelectorAll(".object .looked code")].map((line) => line.textContent?.trim())).toEqual(["tier: front", "tier: front"]);
  });
});

describe("the access paths", () => {
  it("say for each way whether it answers, by word and shape, and what never changes", async () => {
    await explained(healthy());
    const ways = screen.getAllByTestId("path");
    expect(ways.map((way) => way.dataset["kind"])).toEqual(["service_tunnel", "pod_tunnel", "api_proxy", "node_port", "cluster_ip", "load_balancer", "ingress"]);
    const says = (n: number) => ways[n]?.textContent?.replaceAll("\u00a0", " ") ?? "";
    expect(says(0)).toContain("2.1 ms · 200 OK");
    expect(says(2)).toContain("no answer: 503 Service Unavailable");
    expect(says(4)).toContain("inside the cluster only");
    for (const words of ["TCP, UDP, SCTP", "not this node's loss", "while the Service exists", "whoever reaches a node", "demos, tests"]) expect(says(3)).toContain(words);
    const shape = (n: number) => ways[n]?.querySelector<SVGElement>(".mark")?.dataset["shape"];
    expect(new Set([shape(0), shape(2), shape(4), shape(5)]).size).toBe(4);
    await fireEvent.click(within(ways[0] as HTMLElement).getByTestId("copy"));
    expect(calls("copy")).toEqual([["portolan forward svc/web:http -n shop"]]);
  });

  it("that are not configured say what they would give and cost, wherever the engine put them", async () => {
    await explained(healthy({ paths: [path("ingress", "", { configured: false, gives: "host names, TLS", price: "a controller" }), path("cluster_ip", "10.96.4.7:80")] }));
    const ways = screen.getAllByTestId("path");
    expect(ways.map((way) => way.dataset["kind"])).toEqual(["cluster_ip", "ingress"]);
    expect(ways[1]?.textContent).toContain("Would give: host names, TLS");
    expect(ways[1]?.textContent).toContain("Costs: a controller");
  });
});
