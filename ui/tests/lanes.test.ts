import { describe, expect, it } from "vitest";

import { comparison, entry, lane, lost, podMet, probe, score } from "../src/dev/compared";
import { active, problem } from "../src/dev/samples";
import type { Hop } from "../src/generated/Hop";
import { shareAnswered, standingOf, stepsOf } from "../src/lib/compare/lanes";
import { letterOf, looksOf, podIn } from "../src/lib/compare/pods";
import { withNewer } from "../src/lib/compare/probes.svelte";
import { barAt, barsOf, captionsOf, drawnOf, linesOf, placeOf, spanOf } from "../src/lib/compare/ribbon";
import { goesOn, type Story } from "../src/lib/compare/story";
import { besides } from "../src/lib/sessions";
import { figures, keptText, probeText } from "../src/lib/words/comparison";
import { forward, session } from "../src/dev/samples";

const scale = { origin: 0, span: 120_000, width: 1200 };
const plain = (text: string | undefined) => text?.replaceAll("\u00a0", " ");

describe("a pod", () => {
  it("has a letter by its place, after Z as well", () => {
    expect([0, 1, 25, 26, 27].map(letterOf)).toEqual(["A", "B", "Z", "A2", "B2"]);
  });

  it("has a pair of colour and pattern that none of the first 36 shares", () => {
    const pairs = Array.from({ length: 36 }, (_, place) => JSON.stringify(looksOf(place)));
    expect(new Set(pairs).size).toBe(36);
  });

  it("is found in a hop by its whole name", () => {
    const pods = [podMet("web-1"), podMet("web-10")];
    expect(["web-10:80", "web-1:80", "web-1", "10.0.0.1:80"].map((value) => podIn(value, pods))).toEqual([1, 0, 0, null]);
  });
});

describe("a ribbon", () => {
  it("has one clock: what happened at one time stands at one place", () => {
    expect(placeOf(60_000, scale)).toBe(600);
    expect(barsOf([probe(1, "pod", { at: 60_000 })], 500, scale)[0]).toMatchObject({ x: 600, key: 1 });
    expect(linesOf([entry(60_000, "cut", "Cut.")], "pod", scale)[0]?.x).toBe(600);
  });

  it("shows less while the comparison is young, and two minutes from then on", () => {
    expect([0, 30_000, 30_001, 60_001, 900_000].map(spanOf)).toEqual([30_000, 30_000, 60_000, 120_000, 120_000]);
  });

  it("never has bars too thin to be seen", () => {
    expect(barsOf([probe(1, "pod")], 500, { ...scale, width: 100 })[0]?.width).toBeGreaterThan(1);
  });

  it("draws what is alike as one, and finds the bar that is pointed at", () => {
    const bars = barsOf([probe(1, "pod"), probe(2, "pod"), probe(3, "pod", { pod: 1 }), probe(4, "pod", { pod: null, outcome: lost })], 500, scale);
    expect(drawnOf(bars).map(({ outcome, pod, bars }) => [outcome, pod, bars])).toEqual([["answered", 0, 2], ["answered", 1, 1], ["lost", null, 1]]);
    expect(drawnOf(bars)[0]?.whole).toBe("M5.0 0h4.4v24h-4.4zM10.0 0h4.4v24h-4.4z");
    // Lost is a gap with a stump, and the second pod has stripes.
    expect(drawnOf(bars).map(({ stripes }) => stripes.match(/v\d+/g))).toEqual([["v24", "v24"], ["v3", "v3", "v3", "v3"], ["v3"]]);
    expect([4, 5, 12, 999].map((x) => barAt(bars, x)?.key)).toEqual([undefined, 1, 2, 4]);
  });

  it("writes a letter under bars of one pod and a number under a gap, where there is room", () => {
    const of = (pods: (number | null | "lost")[]) =>
      captionsOf(barsOf(pods.map((pod, n) => probe(n, "service", pod === "lost" ? { pod: null, outcome: lost } : { pod })), 500, scale)).map(({ text }) => text);
    expect(of([0, 0, 1, 1, 1])).toEqual(["A", "B"]);
    expect(of([0, 1, 0, 1])).toEqual([]);
    expect(of([0, 0, ...Array<"lost">(9).fill("lost"), 2, 2])).toEqual(["A", "9 lost", "C"]);
    expect(of([null, null, null])).toEqual([]);
  });

  it("has lines for what happened to its lane and to all, and none for what is no moment", () => {
    const account = [entry(1, "opened", ""), entry(2, "pod_deleted", ""), entry(3, "cut", "", "pod"), entry(4, "phase", "", "service"), entry(5, "verdict", "")];
    expect(linesOf(account, "pod", scale).map(({ entry }) => entry.what)).toEqual(["pod_deleted", "cut"]);
  });
});

describe("the probes", () => {
  it("are kept by lane, in the order in which they began, for two minutes", () => {
    const first = withNewer(new Map(), [probe(1, "pod", { at: 0 }), probe(2, "service", { at: 500 }), probe(4, "service", { at: 1500 })]);
    // The one that was held is answered last.
    const then = withNewer(first, [probe(5, "service", { at: 1000 }), probe(6, "service", { at: 120_400 })]);
    expect(then.get("service")?.map(({ number }) => number)).toEqual([2, 5, 4, 6]);
    expect(then.has("pod")).toBe(false);
  });
});

describe("a lane", () => {
  const hop = (kind: Hop["kind"], value: string): Hop => ({ kind, value, down: false });

  it("stands where its tunnel stands, and the NodePort by its last probe", () => {
    expect(standingOf(lane("service", { phase: active(80, "a") }), probe(1, "service", { outcome: lost }))).toBe("active");
    expect([undefined, probe(1, "node_port"), probe(2, "node_port", { outcome: lost })].map((last) => standingOf(lane("node_port"), last))).toEqual([
      "unasked", "answers", "silent",
    ]);
  });

  it("has its way in steps, several pods in one, whichever way they are told", () => {
    const steps = stepsOf([hop("local", ":1"), hop("kubelet", "n1"), hop("pod_localhost", "a:80"), hop("kubelet", "n2"), hop("pod_localhost", "b:80")]);
    expect(steps.map(({ kind, hops }) => `${kind} ${hops.map(({ value }) => value).join("+")}`)).toEqual(["local :1", "kubelet n1+n2", "pod_localhost a:80+b:80"]);
  });

  it("never calls what was helped or lost a full hundred", () => {
    expect(shareAnswered(score())).toBeNull();
    expect(shareAnswered(score({ answered: 7 }))).toBe(100);
    expect(shareAnswered(score({ answered: 99_999, lost: 1 }))).toBe(99.9);
    expect(shareAnswered(score({ answered: 1, helped: 1 }))).toBe(50);
  });

  it("shows the last two minutes, and says what there was in all", () => {
    const shown = figures(score({ answered: 8, helped: 1, lost: 1, p50_us: 2100 }), score({ answered: 80, helped: 2, lost: 3 }));
    expect(shown.map(({ name, value, tone }) => [name, plain(value), tone])).toEqual([
      ["answered", "80 %", null], ["helped", "1", "wait"], ["lost", "1", "broken"], ["p50", "2.1 ms", null], ["p95", "–", null], ["longest", "–", null],
    ]);
    expect(shown[2]?.why).toContain("3 of 85 in all");
  });

  it("says what became of the connection that it keeps open", () => {
    const pods = [podMet("web-a")];
    expect(keptText({ kept: "none" }, pods, 0)).toBe("none");
    expect(keptText({ kept: "open", since: 0, pod: 0 }, pods, 0)).toMatch(/^since \d\d:\d\d:\d\d, to A web-a$/);
    expect(keptText({ kept: "cut", at: 0, pod: null }, pods, 0)).toMatch(/^cut at \d\d:\d\d:\d\d$/);
  });
});

describe("a probe in words", () => {
  const pods = [podMet("web-a")];
  it.each([
    [probe(1, "service"), "answered by A web-a in 2.1 ms · 200"],
    [probe(1, "service", { outcome: { outcome: "held", status: 200 } }), "held, then answered by A web-a in 2.1 ms · 200"],
    [probe(1, "service", { outcome: { outcome: "again", status: null } }), "dialled again, then answered by A web-a in 2.1 ms"],
    [probe(1, "node_port", { pod: null }), "answered by a pod that did not say its name in 2.1 ms · 200"],
    [probe(1, "pod", { pod: null, outcome: lost }), "lost after 2.1 ms: refused"],
  ])("says how it went: %#", (of, words) => expect(plain(probeText(of, pods))?.split(" · ").slice(1).join(" · ")).toBe(words));
});

describe("the story", () => {
  const seen = score({ answered: 8 });
  const watched = comparison({
    lanes: [lane("service", { total: seen }), lane("pod", { total: seen, phase: active(80, "web-b") })],
    account: [entry(5, "opened", "")],
  });
  const watching: Story = { step: "watching" };

  it("waits until both tunnels were seen to answer, then deletes the direct tunnel's pod", () => {
    expect(goesOn({ step: "opening" }, watched)).toEqual(watching);
    const [service, pod] = watched.lanes;
    if (!service || !pod) throw new Error("two lanes");
    expect(goesOn(watching, { ...watched, lanes: [service, { ...pod, total: score({ answered: 7 }) }] })).toBe(watching);
    expect(goesOn(watching, { ...watched, lanes: [service, { ...pod, phase: { state: "resolving" } }] })).toBe(watching);
    expect(goesOn(watching, watched)).toEqual({ step: "deleting", uid: "uid-web-b", pod: "web-b", since: 5 });
  });

  it("does not go on where nothing may be deleted or nothing is probed", () => {
    expect(goesOn(watching, { ...watched, experiment: { ...watched.experiment, delete: { may: "protected" } } })).toBeNull();
    expect(goesOn(watching, { ...watched, state: { state: "failed", problem: problem("server", "") } })).toBeNull();
    expect(goesOn(watching, { ...watched, experiment: { ...watched.experiment, delete: { may: "unknown" } } })).toBe(watching);
  });

  it("ends with the verdict on this deletion, and not with one before it", () => {
    const telling: Story = { step: "telling", pod: "web-b", since: 5 };
    expect(goesOn(telling, { ...watched, account: [entry(4, "verdict", "")] })).toBe(telling);
    expect(goesOn(telling, { ...watched, account: [entry(4, "verdict", ""), entry(9, "verdict", "")] })).toEqual({ step: "told", pod: "web-b" });
  });
});

describe("a comparison's sessions", () => {
  it("are not among the others", () => {
    const all = [71, 5].map((id) => session(id, forward({ type: "service", name: "web" }, 80), null, { state: "resolving" }));
    expect(besides(all, comparison()).map(({ id }) => id)).toEqual([5]);
    expect(besides(all, null)).toBe(all);
  });
});
