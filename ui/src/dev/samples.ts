// Short ways to write the engine's values, for tests and for the pretended engine.

import type { ContextId } from "../generated/ContextId";
import type { ContextView } from "../generated/ContextView";
import type { Counters } from "../generated/Counters";
import type { Forward } from "../generated/Forward";
import type { ListKind } from "../generated/ListKind";
import type { ListStatus } from "../generated/ListStatus";
import type { Part } from "../generated/Part";
import type { Phase } from "../generated/Phase";
import type { Problem } from "../generated/Problem";
import type { Row } from "../generated/Row";
import type { RowPort } from "../generated/RowPort";
import type { Scope } from "../generated/Scope";
import type { SessionEvent } from "../generated/SessionEvent";
import type { SessionView } from "../generated/SessionView";
import type { Snippet } from "../generated/Snippet";
import type { View } from "../generated/View";
import type { What } from "../generated/What";

export const staging: ContextId = { source: "default", name: "staging" };

export const shop: Scope = { scope: "one", name: "shop" };

export function problem(code: Problem["code"], message: string, next = ""): Problem {
  return { code, message, next };
}

/** A Role to ask for, without what it says. */
export const role: Snippet = { title: "The Role that is missing", text: "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role" };

/** A list of which `resources` may not be read. */
export function forbidden(...resources: string[]): Extract<ListStatus, { state: "forbidden" }> {
  const said = `You may not list ${resources[0]} in shop: User "jane" cannot list resource "${resources[0]}".`;
  return { state: "forbidden", problem: problem("forbidden", said, "Ask whoever runs the cluster for a Role that allows it."), resources, role };
}

export function context(name: string, more: Partial<ContextView> = {}): ContextView {
  return {
    id: { source: "default", name },
    server: `https://${name}.example:6443`,
    user: name,
    namespace: "shop",
    current: false,
    protected: false,
    reach: { state: "not_checked" },
    namespaces: { state: "unknown" },
    ...more,
  };
}

export function port(number: number, more: Partial<RowPort> = {}): RowPort {
  return { name: "", port: number, target: null, node_port: null, protocol: "TCP", ...more };
}

export function service(name: string, ports: RowPort[], more: Partial<Row> = {}, type = "ClusterIP"): Row {
  return {
    namespace: "shop",
    name,
    target: { type: "service", name },
    facts: { kind: "service", service_type: type, external_name: null },
    ready: 1,
    wanted: 1,
    ports,
    trouble: "",
    finding: null,
    ...more,
  };
}

export function forward(target: Forward["target"], remote: number | string, more: Partial<Forward> = {}): Forward {
  return {
    context: staging,
    namespace: "shop",
    target,
    ports: [{ local: { type: "suggested" }, remote }],
    bind: [],
    balance: null,
    hold_seconds: 30,
    wait_for_name: false,
    ...more,
  };
}

export function counters(more: Partial<Counters> = {}): Counters {
  return {
    open: 0, held: 0, served: 0, retried: 0, refused: 0, cut: 0, unanswered: 0, reconnects: 0,
    first_byte_p50_us: null, first_byte_p95_us: null, bytes_up: 0, bytes_down: 0,
    ...more,
  };
}

export function event(n: number, what: What, more: Partial<SessionEvent> = {}): SessionEvent {
  return { n, at: 0, event: what, pod: null, took_ms: null, code: null, text: null, ...more };
}

/** A session that listens on `local` for its first port. */
export function session(id: number, to: Forward, local: number | null, phase: Phase, more: Partial<SessionView> = {}): SessionView {
  const remote = to.ports[0]?.remote ?? 0;
  const listener = (at: number) => ({
    slot: 0,
    address: `127.0.0.1:${at}`,
    addresses: [`127.0.0.1:${at}`, `[::1]:${at}`],
    port: at,
    remote,
    instead_of: null,
  });
  return {
    id,
    forward: to,
    balance: to.target.type === "service" ? "balanced" : "sticky",
    phase,
    listeners: local === null ? [] : [listener(local)],
    counters: counters(),
    unstable: null,
    instead: null,
    terminating_at: null,
    events: 0,
    mark: null,
    started_at: 0,
    ...more,
  };
}

export function active(port: number, ...pods: string[]): Phase {
  return { state: "active", endpoints: pods.map((pod) => ({ slot: 0, pod, uid: `uid-${pod}`, port })) };
}

export function view(list: ListKind = "services", namespace: Scope = shop, of: ContextId = staging): View {
  return { context: of, namespace, list };
}

export function listPart(of: View, status: ListStatus = { state: "live" }): Part {
  return { part: "list", value: { view: of, status } };
}
