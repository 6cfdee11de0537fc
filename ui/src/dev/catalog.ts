// What the pretended cluster holds.

import type { Row } from "../generated/Row";
import type { RowPort } from "../generated/RowPort";
import type { View } from "../generated/View";
import type { WorkloadKind } from "../generated/WorkloadKind";
import { port, service } from "./samples";

const http = port(8080, { name: "http", target: 80, node_port: 30080 });

const services: Row[] = [
  service("web", [http, port(9090, { name: "metrics" })], { ready: 3, wanted: 3 }, "NodePort"),
  service("api", [port(80, { name: "http", target: 3000 })], { ready: 0, wanted: 2 }),
  service("postgres", [port(5432)]),
  service("cache", [port(6379, { name: "redis" })], { ready: 3, wanted: 3 }, "headless"),
  service("checkout", [port(50051, { name: "grpc" })], { ready: 0, wanted: 0, trouble: "selector matches no pod", finding: "selector_matches_nothing" }),
  service("search", [port(80, { name: "http", target: "web" }), port(9300, { name: "admin" })], {
    ready: 1, wanted: 2, trouble: "some pods have no port web", finding: "target_port_differs",
  }),
  service("dns", [port(53, { protocol: "UDP" }), port(53)], { ready: 2, wanted: 2 }),
  service("mail", [], { ready: null, wanted: null, facts: { kind: "service", service_type: "ExternalName", external_name: "smtp.example.org" } }),
  service("grafana", [port(80, { name: "http", target: 3000, node_port: 31300 })], {}, "LoadBalancer"),
  service("kafka", many(9), { ready: 3, wanted: 3 }, "headless"),
  service("recommendations-for-returning-customers-canary-eu-west", [port(8080, { name: "http" })], { ready: 5, wanted: 5 }),
];

function many(n: number): RowPort[] {
  return Array.from({ length: n }, (_, i) => port(9092 + i, { name: `broker-${i}` }));
}

const workloads: Row[] = [
  workload("deployment", "web", [port(80, { name: "http" }), port(9090, { name: "metrics" })], 3, 3),
  workload("deployment", "api", [port(3000, { name: "http" })], 0, 2, "0 of 2 ready: readiness 503"),
  workload("stateful_set", "postgres", [port(5432)], 1, 1),
  workload("daemon_set", "node-exporter", [port(9100)], 3, 3),
  workload("replication_controller", "legacy", [], 1, 1),
  workload("job", "migrate-2024", [], 0, 0),
];

function workload(kind: WorkloadKind, name: string, ports: RowPort[], ready: number, wanted: number, trouble = ""): Row {
  return {
    namespace: "shop", name, target: { type: "workload", kind, name }, facts: { kind: "workload", workload: kind },
    ready, wanted, ports, trouble, finding: null,
  };
}

function pod(name: string, status: string, restarts: number, ports: RowPort[], ready: number, trouble = ""): Row {
  return {
    namespace: "shop", name, target: { type: "pod", name },
    facts: { kind: "pod", status, restarts, node: "node-1", created_at: Date.now() - 3 * 86_400_000 },
    ready, wanted: 1, ports, trouble, finding: null,
  };
}

const pods: Row[] = [
  pod("web-7d9f86c5b4-x2v9q", "Running", 0, [port(80, { name: "http" }), port(9090, { name: "metrics" })], 1),
  pod("web-7d9f86c5b4-k8s2m", "Running", 0, [port(80, { name: "http" }), port(9090, { name: "metrics" })], 1),
  pod("api-5c8d7f9b6d-aaaaa", "CrashLoopBackOff", 7, [port(3000, { name: "http" })], 0, "CrashLoopBackOff"),
  pod("postgres-0", "Running", 0, [port(5432)], 1),
  pod("recommendations-for-returning-customers-canary-6f7d9c8b54-q8zpd", "Running", 2, [port(8080, { name: "http" })], 1),
];

/** The rows of a view. */
export function rowsOf(view: View): Row[] {
  const rows = { services, workloads, pods }[view.list];
  if (view.namespace.scope === "one") return view.namespace.name === "shop" ? rows : [];
  return [...rows, ...rows.slice(0, 2).map((row) => ({ ...row, namespace: "payments-and-invoices" }))];
}

/** Thousands, to feel how a large cluster scrolls. */
export function crowd(n: number): Row[] {
  return Array.from({ length: n }, (_, i) => service(`service-${String(i).padStart(5, "0")}`, [port(80, { name: "http", target: 8080 })]));
}
