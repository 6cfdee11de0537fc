// A comparison pretended: both tunnels and a NodePort asked twice a second, pods that go and come, and what is said of it.

import type { ComparisonView } from "../generated/ComparisonView";
import type { Happened } from "../generated/Happened";
import type { Hop } from "../generated/Hop";
import type { Lane } from "../generated/Lane";
import type { LaneKind } from "../generated/LaneKind";
import type { Method } from "../generated/Method";
import type { Outcome } from "../generated/Outcome";
import type { Probe } from "../generated/Probe";
import type { Score } from "../generated/Score";
import { comparison, entry, podMet } from "./compared";
import { active, problem } from "./samples";

const EVERY = 500;
const SPAN = 120_000;
/** A new pod is ready so long after one went, and all has settled so long after. */
const READY = 2500;
const SETTLED = 6000;

const names = ["web-7d9f86c5b4-x2k4p", "web-7d9f86c5b4-c2f7q", "web-7d9f86c5b4-m8d1z"];
const fresh = ["web-7d9f86c5b4-nq4t8", "web-7d9f86c5b4-h7vzc", "web-7d9f86c5b4-r5k2w", "web-7d9f86c5b4-t9b3j"];

/** A deletion that the lanes have still to answer for. */
interface Deletion {
  readonly place: number;
  readonly at: number;
  replaced: boolean;
}

export class PretendedComparison {
  view: ComparisonView;
  probes: Probe[] = [];
  #n = 0;
  #direct = 0;
  #deletion: Deletion | null = null;
  #random = 7;

  constructor(more: Partial<ComparisonView>, now: number) {
    this.view = comparison({ opened_at: now, pods: names.map((name) => podMet(name)), ...more });
    this.view = { ...this.view, lanes: this.view.lanes.map((each) => ({ ...each, kept: each.kind === "node_port" ? { kept: "none" } : { kept: "open", since: now, pod: 0 } })) };
    this.#say(now, "opened", "The tunnels to svc/web and to web-7d9f86c5b4-x2k4p are open. Each is asked twice a second.");
    this.#redraw();
  }

  /** One round of probes. */
  tick(now: number): void {
    if (this.view.state.state === "running") {
      for (const { kind } of this.view.lanes) this.#probe(kind, now);
      this.view = { ...this.view, probes: this.#n };
    }
    this.#settle(now);
    this.#redraw();
  }

  ask(method: Method, path: string): void {
    this.view = { ...this.view, asking: { ...this.view.asking, method, path } };
  }

  delete(uid: string, now: number): void {
    const place = this.view.pods.findIndex((pod) => pod.uid === uid);
    const pod = this.view.pods[place];
    if (!pod) return;
    this.#deletion = { place, at: now, replaced: false };
    this.view = { ...this.view, pods: this.view.pods.map((other) => (other === pod ? { ...pod, exists: false } : other)) };
    this.#say(now, "pod_deleted", `${pod.name} was deleted, by you.`);
    if (place === this.#direct) {
      this.#say(now, "phase", `Direct pod: broken. It names ${pod.name} and no other.`, "pod");
      this.#say(now, "cut", "Service: the open connection was cut with its pod. No Service saves an open connection: only the next one goes elsewhere.", "service");
      this.#lane("pod", { phase: { state: "broken", reason: problem("pod_gone", `${pod.name} is gone. A tunnel to a pod names that one pod, so it ended.`, "Compare anew, or open the Service.") }, address: "", kept: { kept: "cut", at: now, pod: place }, cuts: 1 });
      this.#lane("service", { kept: { kept: "open", since: now + 100, pod: this.#ready()[0] ?? null }, cuts: 1 });
    }
  }

  /** The places of the pods that are ready. */
  #ready(): number[] {
    return this.view.pods.flatMap(({ exists }, place) => (exists ? [place] : []));
  }

  #settle(now: number): void {
    const deletion = this.#deletion;
    if (!deletion) return;
    const gone = this.view.pods[deletion.place]?.name ?? "";
    if (!deletion.replaced && now - deletion.at >= READY) {
      deletion.replaced = true;
      const name = fresh[(this.view.pods.length - names.length) % fresh.length] ?? "";
      this.view = { ...this.view, pods: [...this.view.pods, podMet(name)] };
      this.#say(now, "pod_ready", `${name} is ready.`);
    }
    if (now - deletion.at < SETTLED) return;
    this.#deletion = null;
    const lost = (kind: LaneKind) => this.probes.filter((each) => each.lane === kind && each.at >= deletion.at && each.outcome.outcome === "lost").length;
    const next = this.view.pods[this.#ready()[0] ?? 0]?.name ?? "";
    this.#say(now, "verdict", `${gone} was deleted. Direct pod: broken after 0.0 s, ${lost("pod")} probes lost. Service: moved to ${next}, ${lost("service")} lost, 1 held, longest wait 180 ms. NodePort: ${lost("node_port")} lost.`);
  }

  #probe(kind: LaneKind, now: number): void {
    const ready = this.#ready();
    const direct = this.view.pods[this.#direct]?.exists ?? false;
    const just = this.#deletion !== null && now - this.#deletion.at < EVERY;
    const status = this.view.asking.method === "connect" ? null : 200;
    let outcome: Outcome = { outcome: "answered", status };
    let pod: number | null = ready[Math.floor(this.#next() * ready.length)] ?? null;
    if (kind === "pod") {
      pod = direct ? this.#direct : null;
      if (!direct) outcome = { outcome: "lost", why: "refused: the tunnel has ended with its pod" };
    } else if (kind === "service" && just) {
      outcome = { outcome: "held", status };
    } else if (kind === "node_port" && just) {
      outcome = { outcome: "lost", why: "no answer within 2 s" };
      pod = null;
    }
    const base = kind === "node_port" ? 800 : 2000;
    this.probes.push({ number: ++this.#n, lane: kind, at: now, took_us: outcome.outcome === "held" ? 180_000 : Math.round(base * (0.8 + this.#next())), pod, outcome });
  }

  #lane(kind: LaneKind, more: Partial<Lane>): void {
    this.view = { ...this.view, lanes: this.view.lanes.map((each) => (each.kind === kind ? { ...each, ...more } : each)) };
  }

  #redraw(): void {
    const last = this.probes.at(-1)?.at ?? 0;
    const ready = this.#ready();
    const pods = ready.map((place) => this.view.pods[place]?.name ?? "");
    const of = (kind: LaneKind) => this.probes.filter((each) => each.lane === kind);
    for (const { kind } of this.view.lanes) {
      const all = of(kind);
      const by = new Map<number, number>();
      for (const { pod } of all) if (pod !== null) by.set(pod, (by.get(pod) ?? 0) + 1);
      this.#lane(kind, {
        recent: scoreOf(all.filter(({ at }) => at > last - SPAN)), total: scoreOf(all), by_pod: [...by].sort((a, b) => a[0] - b[0]),
        way: this.#way(kind, pods),
        ...(kind === "service" ? { phase: active(80, ...pods) } : {}),
        ...(kind === "pod" && this.view.pods[this.#direct]?.exists ? { phase: active(80, this.view.pods[this.#direct]?.name ?? "") } : {}),
      });
    }
    this.view = { ...this.view, experiment: { ...this.view.experiment, pod: this.view.pods[this.#direct]?.exists ? this.#direct : (ready[0] ?? null) } };
  }

  #way(kind: LaneKind, pods: readonly string[]): Hop[] {
    const hop = (kind: Hop["kind"], value: string, down = false): Hop => ({ kind, value, down });
    const direct = this.view.pods[this.#direct];
    const gone = !direct?.exists;
    switch (kind) {
      case "service":
        return [
          hop("local", "127.0.0.1:41780"), hop("api_server", "staging.example:6443"), hop("choice", "svc/web:http 8080 → targetPort http"),
          hop("kubelet", "node-1"), hop("kubelet", "node-2"), ...pods.map((pod) => hop("pod_localhost", `${pod}:80`)),
        ];
      case "pod":
        return [hop("local", "127.0.0.1:41781", gone), hop("api_server", "staging.example:6443"), hop("kubelet", "node-1"), hop("pod_localhost", `${direct?.name}:80`, gone)];
      case "node_port":
        return [hop("node", "10.0.3.11:30080"), hop("cluster_ip", "10.96.4.7:8080"), ...pods.map((_, n) => hop("pod_ip", `10.244.1.${12 + n}:80`))];
    }
  }

  #say(at: number, what: Happened, text: string, of: LaneKind | null = null): void {
    this.view = { ...this.view, account: [...this.view.account, entry(at, what, text, of)] };
  }

  /** The same on every run, so that two pictures can be compared. */
  #next(): number {
    this.#random = (this.#random * 48271) % 2147483647;
    return this.#random / 2147483647;
  }
}

function scoreOf(probes: readonly Probe[]): Score {
  const how = (...kinds: Outcome["outcome"][]) => probes.filter(({ outcome }) => kinds.includes(outcome.outcome));
  const times = how("answered", "held", "again").map(({ took_us }) => took_us).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? null;
  return { answered: how("answered").length, helped: how("held", "again").length, lost: how("lost").length, p50_us: at(0.5), p95_us: at(0.95), longest_us: times.at(-1) ?? null };
}

/** Two minutes of it, with a deletion in them. */
export function withHistory(more: Partial<ComparisonView>, now: number): PretendedComparison {
  const began = now - 110_000;
  const pretended = new PretendedComparison(more, began);
  for (let at = began; at < now; at += EVERY) {
    if (at - began === 70_000) pretended.delete(pretended.view.pods[0]?.uid ?? "", at);
    pretended.tick(at);
  }
  return pretended;
}
