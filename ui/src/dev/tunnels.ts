// The pretended tunnels: one of each kind that the window has to show.

import type { ConnectionView } from "../generated/ConnectionView";
import type { OpenConnections } from "../generated/OpenConnections";
import type { Phase } from "../generated/Phase";
import type { Problem } from "../generated/Problem";
import type { SessionEvent } from "../generated/SessionEvent";
import type { SessionView } from "../generated/SessionView";
import { active, counters, event, forward, problem, session } from "./samples";

const prod = { context: { source: "default", name: "prod-eu" } };
const vpn = { context: { source: "default", name: "old-vpn" } };

function waiting(reason: Problem, more: Partial<Extract<Phase, { state: "waiting" }>> = {}): Phase {
  return { state: "waiting", reason, needs_you: false, attempt: 0, retry_at: null, ...more };
}

const notReady = problem("no_ready_pod", "Both pods of deploy/api fail their readiness probe: HTTP 503.", "See the pods' logs.");

function unreachable(server: string, inSeconds: number): Phase {
  const reason = problem("unreachable", `${server} does not answer.`, "Is the VPN up?");
  return waiting(reason, { attempt: 4, retry_at: Date.now() + inSeconds * 1000 });
}

/** Most is well. */
export function inShop(): SessionView[] {
  const gone: Phase = {
    state: "broken",
    reason: problem("pod_gone", "cache-1 was deleted. A tunnel to a pod names that one pod, so it ended.", "Open svc/cache to follow whichever pod is ready."),
  };
  const taken: Phase = {
    state: "failed", error: problem("port_taken", "Port 3000 is held by node (pid 4121).", "Stop it, or choose another local port."),
  };
  const postgres = session(2, forward({ type: "service", name: "postgres" }, 5432), 5433, active(5432, "postgres-0"), {
    counters: counters({ open: 3, served: 3 }),
  });
  return [
    session(1, forward({ type: "pod", name: "cache-1" }, 6379), null, gone, {
      instead: { type: "workload", kind: "stateful_set", name: "cache" },
      counters: counters({ served: 12, cut: 1 }),
    }),
    {
      ...postgres,
      listeners: postgres.listeners.map((one) => ({ ...one, instead_of: { port: 5432, holder: { type: "process", name: "postgres", pid: 812 } } })),
    },
    session(3, forward({ type: "service", name: "api" }, 80), 8081, waiting(notReady), { counters: counters({ held: 2 }) }),
    session(4, forward({ type: "service", name: "ledger" }, 443, prod), 8443, unreachable("prod-eu.example:6443", 600)),
    session(5, forward({ type: "workload", kind: "deployment", name: "web" }, 80, { ports: [{ local: { type: "fixed", port: 3000 }, remote: 80 }] }), null, taken),
  ];
}

/** The tunnel that carries something. */
export function busy(): SessionView {
  const pods = active(80, "web-7d9f86c5b4-x2v9q", "web-7d9f86c5b4-k8s2m", "web-7d9f86c5b4-p4w1z");
  return session(6, forward({ type: "service", name: "web" }, 8080), 8080, pods, { mark: "web-7d9f86c5b4-k8s2m refused :80" });
}

/** Who uses the busy tunnel. */
export function connected(): OpenConnections {
  const one = (number: number, more: Partial<ConnectionView>): ConnectionView => ({
    number, slot: 0, client: `127.0.0.1:${50400 + number}`, process: { name: "curl", pid: 4100 + number }, pod: "web-7d9f86c5b4-x2v9q", port: 80,
    bytes_up: 412, bytes_down: 1_840_000, began_at: Date.now() - number * 47_000, ...more,
  });
  return {
    connections: [
      one(1, { process: { name: "firefox", pid: 2210 }, bytes_up: 48_000, bytes_down: 31_000_000 }),
      one(2, { pod: "web-7d9f86c5b4-k8s2m" }),
      one(3, { process: null }),
      one(4, { pod: null, port: null, bytes_down: 0 }),
    ],
    left_out: 0,
  };
}

/** What the busy tunnel has met. */
export function history(): SessionEvent[] {
  const began = Date.now() - 1_800_000;
  const pod = "web-7d9f86c5b4-x2v9q";
  return [
    event(1, "listening", { text: "127.0.0.1:8080" }),
    event(2, "endpoint_added", { pod }),
    event(3, "active", { took_ms: 412 }),
    event(4, "endpoint_removed", { pod: "web-6b8c5d9f7-zzzzz" }),
    event(5, "waiting", { took_ms: 724_000, code: "no_ready_pod", text: "svc/web has no ready pod in namespace “shop”" }),
    event(6, "held", { pod, took_ms: 2100 }),
    event(7, "active", { took_ms: 2140 }),
    event(8, "retried", { pod: "web-7d9f86c5b4-k8s2m", text: "refused" }),
    event(9, "delivered_unanswered", { pod: "web-7d9f86c5b4-k8s2m", took_ms: 90, text: "the connection broke" }),
    event(10, "moved", { pod }),
    event(11, "not_followed", { code: "unreachable", text: "staging.example:6443 does not answer" }),
    event(12, "renewed"),
  ].map((one, n) => ({ ...one, at: began + n * 150_000 }));
}

/** Two API servers are away for many tunnels, and for one. */
export function outage(): SessionView[] {
  const login = waiting(problem("login", "The token of prod-eu has expired.", "Sign in again."), { needs_you: true });
  const names = ["ledger", "billing", "recommendations-for-returning-customers-canary-eu-west"];
  return [
    ...["web", "api", "postgres", "cache"].map((name, n) =>
      session(10 + n, forward({ type: "service", name }, 8080 + n, vpn), 8080 + n, unreachable("old-vpn.example:6443", 600 + n)),
    ),
    ...names.map((name, n) => session(20 + n, forward({ type: "service", name }, 443 + n, prod), 8443 + n, login)),
    session(30, forward({ type: "service", name: "orders" }, 80), 8090, unreachable("staging.example:6443", 40)),
    session(31, forward({ type: "service", name: "web" }, 80), 8091, active(80, "web-7d9f86c5b4-x2v9q")),
  ];
}

/** What comes and goes, and what is about to go. */
export function unsteady(): SessionView[] {
  const reason = problem("no_ready_pod", "web-7d9f86c5b4-x2v9q is restarted again and again.", "Raise its memory limit, or see its logs.");
  const gone: Phase = { state: "broken", reason: problem("pod_gone", "web-6b8c5d9f7-zzzzz is gone.", "") };
  const pod = (name: string) => forward({ type: "pod", name }, 80);
  return [
    session(40, forward({ type: "workload", kind: "deployment", name: "web" }, 80), 8080, waiting(notReady), {
      unstable: { changes: 5, reason, restarts: 7, restarted_because: "OOMKilled, exit code 137" },
      counters: counters({ held: 1, served: 90, cut: 7, reconnects: 3 }),
    }),
    session(41, pod("web-7d9f86c5b4-k8s2m"), 8081, active(80, "web-7d9f86c5b4-k8s2m"), { terminating_at: Date.now() + 28_000 }),
    session(42, pod("web-6b8c5d9f7-zzzzz"), null, gone, { instead: { type: "workload", kind: "deployment", name: "web" } }),
    session(43, pod("postgres-0"), null, { state: "broken", reason: problem("pod_gone", "postgres-0 is gone.", "") }),
  ];
}
