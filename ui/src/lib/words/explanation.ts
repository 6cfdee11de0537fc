// The words of the explanation: findings, anatomy, access paths.

import type { AccessPath } from "../../generated/AccessPath";
import type { FindingCode } from "../../generated/FindingCode";
import type { Join } from "../../generated/Join";
import type { JoinKind } from "../../generated/JoinKind";
import type { PathKind } from "../../generated/PathKind";
import type { Severity } from "../../generated/Severity";
import type { Verdict } from "../../generated/Verdict";
import { span } from "../units";

export const explain = {
  back: "Back to the list",
  backToComparison: "Back to the comparison",
  probeAgain: "Probe again",
  probeNow: "Probe now",
  probeWhy: "Ask every way to this Service's HTTP ports once, with a plain GET /",
  probeAll: "Probe all ports",
  probeAllWhy: "Ask the other ports, too, by a connection without a byte: a database may log it as a login that broke off",
  protectedWhy: "This context is marked protected: nothing was probed. Probe now if you want to.",
  findings: "Findings",
  healthy: "Nothing is wrong, as far as could be read.",
  evidence: "What was read",
  next: "Next",
  copy: "Copy",
  copied: "Copied",
  unread: "What could not be read, so that nothing is said of it",
  anatomy: "Anatomy",
  anatomyHow: "Lines with one number have to match. Point at a number, or go to it, to see which and why.",
  noAnatomy: "There is nothing to set side by side.",
  paths: "Access paths",
  gives: "Would give",
  price: "Costs",
} as const;

export const columns = {
  way: "Way",
  address: "Address",
  verdict: "From here, now",
  protocols: "Protocols",
  balances: "Balances",
  survives_pod: "Survives a pod's replacement",
  survives_node: "Survives a node's loss",
  lasts: "Lasts",
  exposure: "Who can reach it",
  used_for: "For",
  price: "Costs",
} as const satisfies Partial<Record<keyof AccessPath, string>> & { way: string };

export function reading(service: string): string {
  return `Reading svc/${service} and what it leads to…`;
}

/** What was found, in a few words. */
export function findingName(code: FindingCode): string {
  return {
    selector_matches_nothing: "Selector matches no pod",
    no_pod_ready: "No pod is ready",
    some_pods_not_ready: "Some pods are not ready",
    scaled_to_zero: "Scaled to 0",
    target_port_unnamed: "No container has that port name",
    target_port_differs: "Some pods lack that port name",
    nothing_listens: "Nothing listens",
    localhost_only: "Listens on localhost only",
    pod_ip_only: "Listens on the pod's address only",
    no_selector: "No selector",
    external_name: "A DNS alias",
    not_tcp: "Not TCP",
    forbidden: "Not permitted",
    unreachable: "API server not reached",
    login: "Login expired",
    plugin_missing: "Login plugin not found",
    service_not_found: "No such Service",
  }[code];
}

export function severityName(severity: Severity): string {
  return { error: "Nothing works", warning: "Something does not work", note: "Good to know" }[severity];
}

export function joinName(kind: JoinKind): string {
  return { selector: "selector → labels", node_port: "nodePort → port", target_port: "port → targetPort", container_port: "targetPort → containerPort" }[kind];
}

/** A join, for who hears it. */
export function joinText(n: number, { kind, broken, lesson }: Join): string {
  return `${n}, ${joinName(kind)}${broken === null ? "" : `, broken: ${findingName(broken)}`}. ${lesson}`;
}

export function pathName(kind: PathKind): string {
  return {
    service_tunnel: "Tunnel to Service",
    pod_tunnel: "Tunnel to one pod",
    api_proxy: "API-server proxy",
    cluster_ip: "ClusterIP",
    node_port: "NodePort",
    load_balancer: "LoadBalancer",
    ingress: "Ingress",
    headless_name: "Headless names",
  }[kind];
}

/** Whether a way answers, in words. */
export function verdictText(verdict: Verdict): string {
  switch (verdict.verdict) {
    case "answers":
      return `${span(verdict.took_us / 1000)} · ${verdict.what}`;
    case "silent":
      return `no answer: ${verdict.why}`;
    case "not_probed":
      return `not asked: ${verdict.why}`;
    case "in_cluster_only":
      return "inside the cluster only";
    case "not_configured":
      return "not configured";
  }
}

export const explainLabels = {
  explain: (name: string) => `Explain ${name}: findings, anatomy, access paths`,
  why: (says: string, name: string) => `${says}: say why ${name} does not work`,
  copy: (what: string) => `Copy ${what}`,
  compare: (port: number | null) => (port === null ? "Compare" : `Compare :${port}`),
} as const;
