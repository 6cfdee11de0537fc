// Short ways to write a comparison, for tests and for the pretended engine.

import type { AccountEntry } from "../generated/AccountEntry";
import type { ComparisonView } from "../generated/ComparisonView";
import type { Happened } from "../generated/Happened";
import type { Lane } from "../generated/Lane";
import type { LaneKind } from "../generated/LaneKind";
import type { Outcome } from "../generated/Outcome";
import type { PodMet } from "../generated/PodMet";
import type { Probe } from "../generated/Probe";
import type { Score } from "../generated/Score";
import { active, port, staging } from "./samples";

export function podMet(name: string, exists = true): PodMet {
  return { uid: `uid-${name}`, name, exists };
}

export function score(more: Partial<Score> = {}): Score {
  return { answered: 0, helped: 0, lost: 0, p50_us: null, p95_us: null, longest_us: null, ...more };
}

export function lane(kind: LaneKind, more: Partial<Lane> = {}): Lane {
  return {
    kind, session: null, address: "127.0.0.1:41780", way: [], phase: kind === "node_port" ? null : active(80, "web-a"),
    recent: score(), total: score(), by_pod: [], kept: { kept: "none" }, cuts: 0,
    ...more,
  };
}

export const lost: Outcome = { outcome: "lost", why: "refused" };

export function probe(number: number, kind: LaneKind, more: Partial<Probe> = {}): Probe {
  return { number, lane: kind, at: number * 500, took_us: 2100, pod: 0, outcome: { outcome: "answered", status: 200 }, ...more };
}

export function entry(at: number, what: Happened, text: string, of: LaneKind | null = null): AccountEntry {
  return { at, lane: of, what, text };
}

/** `web`'s comparison on staging, which runs. */
export function comparison(more: Partial<ComparisonView> = {}): ComparisonView {
  return {
    context: staging, namespace: "shop", service: "web",
    port: port(8080, { name: "http", target: "http", node_port: 30080 }),
    asking: { method: "get", path: "/", every_ms: 500, http_by: "name" },
    state: { state: "running" },
    opened_at: 1,
    lanes: [lane("service", { session: 71 }), lane("pod", { session: 72 }), lane("node_port")],
    pods: [podMet("web-a"), podMet("web-b")],
    experiment: { delete: { may: "yes" }, pod: 0, demo: false },
    account: [],
    probes: 0,
    ...more,
  };
}
