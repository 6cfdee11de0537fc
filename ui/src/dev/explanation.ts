// Services explained, for tests and for the pretended engine: one that is well, and one that is not.

import type { AccessPath } from "../generated/AccessPath";
import type { Anatomy } from "../generated/Anatomy";
import type { Explanation } from "../generated/Explanation";
import type { Finding } from "../generated/Finding";
import type { Join } from "../generated/Join";
import { problem, staging } from "./samples";

type Line = [field: string, depth: number, text: string];
const lines = (...all: Line[]) => all.map(([field, depth, text]) => ({ field, depth, text }));

export const anatomy: Anatomy = {
  objects: [
    {
      object: "svc/web",
      lines: lines(
        ["spec.type", 0, "type: NodePort"], ["spec.clusterIP", 0, "clusterIP: 10.96.4.7"], ["spec.selector", 0, "selector:"],
        ["spec.selector.app", 1, "app: web"], ["spec.selector.tier", 1, "tier: front"], ["spec.ports", 0, "ports:"],
        ["spec.ports[0].name", 0, "- name: http"], ["spec.ports[0].nodePort", 1, "nodePort: 30080"], ["spec.ports[0].port", 1, "port: 8080"],
        ["spec.ports[0].targetPort", 1, "targetPort: http"],
      ),
    },
    {
      object: "deploy/web",
      lines: lines(
        ["spec.template.metadata.labels", 0, "labels:"], ["spec.template.metadata.labels.app", 1, "app: web"], ["spec.template.metadata.labels.tier", 1, "tier: front"],
        ["spec.template.spec.containers", 0, "containers:"], ["spec.template.spec.containers[0].name", 0, "- name: nginx"],
        ["spec.template.spec.containers[0].ports[0]", 1, "ports:"], ["spec.template.spec.containers[0].ports[0].name", 1, "- name: http"],
        ["spec.template.spec.containers[0].ports[0].containerPort", 2, "containerPort: 80"],
      ),
    },
    {
      object: "pod/web-7d9f86c5b4-c2f7q",
      lines: lines(
        ["metadata.labels", 0, "labels:"], ["metadata.labels.app", 1, "app: web"], ["metadata.labels.tier", 1, "tier: front"],
        ["spec.nodeName", 0, "nodeName: node-1"], ["status.podIP", 0, "podIP: 10.244.1.12"], ["status.ready", 0, "ready: true"],
      ),
    },
  ],
  joins: [
    join("selector", [0, "spec.selector.app"], [1, "spec.template.metadata.labels.app"], "The Service sends to every pod that carries all of its selector's labels."),
    join("selector", [0, "spec.selector.tier"], [1, "spec.template.metadata.labels.tier"], "Each label of the selector has to be there; further labels do no harm."),
    join("selector", [1, "spec.template.metadata.labels.app"], [2, "metadata.labels.app"], "A pod gets its labels from the template that it is made from."),
    join("node_port", [0, "spec.ports[0].nodePort"], [0, "spec.ports[0].port"], "What comes to this port of any node is treated as if it came to the Service's port."),
    join("target_port", [0, "spec.ports[0].targetPort"], [1, "spec.template.spec.containers[0].ports[0].name"], "A targetPort by name is looked up in each pod, among the names of its containers' ports."),
  ],
};

function join(kind: Join["kind"], from: [number, string], to: [number, string] | null, lesson: string, broken: Join["broken"] = null): Join {
  return { kind, from: { object: from[0], field: from[1] }, to: to && { object: to[0], field: to[1] }, broken, lesson };
}

export function path(kind: AccessPath["kind"], address: string, more: Partial<AccessPath> = {}): AccessPath {
  return {
    kind, port: 8080, address, copy: address, configured: true, way: [], verdict: { verdict: "not_probed", why: "nobody asked" },
    protocols: "TCP", balances: "each connection, any ready pod", survives_pod: "yes", survives_node: "yes", lasts: "while the Service exists",
    exposure: "you", used_for: "daily development", gives: "", price: "",
    ...more,
  };
}

const pod = "web-7d9f86c5b4-c2f7q";
const answers = (took_us: number, what = "200 OK"): AccessPath["verdict"] => ({ verdict: "answers", took_us, what });

const paths: AccessPath[] = [
  path("service_tunnel", "svc/web:http", { copy: "portolan forward svc/web:http -n shop", way: ["127.0.0.1", "API server", "kubelet on node-1", `${pod}:80`], verdict: answers(2100), lasts: "while Portolan runs", price: "2.1 ms against 0.8 ms by the NodePort" }),
  path("pod_tunnel", `pod/${pod}:80`, { port: 80, copy: `portolan forward pod/${pod}:80 -n shop`, way: ["127.0.0.1", "API server", "kubelet on node-1", `${pod}:80`], verdict: answers(2000), balances: "no: one pod", survives_pod: "no: it names that pod", survives_node: "no", lasts: "while that pod lives", used_for: "looking into that one pod" }),
  path("api_proxy", "https://staging.example:6443/api/v1/namespaces/shop/services/http:web:http/proxy/", { way: ["API server", `${pod}:80`], verdict: { verdict: "silent", why: "503 Service Unavailable" }, protocols: "HTTP", exposure: "who may use the API", used_for: "a look at a page", price: "needs credentials: kubectl proxy adds them" }),
  path("node_port", "10.0.3.11:30080", { way: ["10.0.3.11:30080", "10.96.4.7:8080", `${pod}:80`], verdict: answers(800), protocols: "TCP, UDP, SCTP", survives_node: "not this node's loss", exposure: "whoever reaches a node", used_for: "demos, tests", price: "every node exposed, high ports only" }),
  path("cluster_ip", "10.96.4.7:8080", { way: ["10.96.4.7:8080", `${pod}:80`], verdict: { verdict: "in_cluster_only" }, protocols: "TCP, UDP, SCTP", exposure: "the cluster", used_for: "service to service" }),
  path("load_balancer", "", { configured: false, verdict: { verdict: "not_configured" }, copy: "", gives: "one address, health checks", price: "a load balancer of the cloud, or one like MetalLB" }),
  path("ingress", "", { configured: false, verdict: { verdict: "not_configured" }, copy: "", gives: "host names, TLS, ports 80 and 443", price: "an Ingress controller; HTTP only" }),
];

export function healthy(more: Partial<Explanation> = {}): Explanation {
  return { context: staging, namespace: "shop", service: "web", service_type: "NodePort", anatomy, paths, findings: [], unread: [], ...more };
}

export const missesLabel: Finding = {
  code: "selector_matches_nothing", severity: "error", object: "svc/checkout",
  evidence: [
    { object: "svc/checkout", field: "spec.selector.app", value: "check-out" },
    { object: "pod/checkout-5c8d7-aaaaa", field: "metadata.labels.app", value: "checkout" },
  ],
  why: "The selector app=check-out matches no pod of shop. checkout-5c8d7-aaaaa has app=checkout: one label misses.",
  next: "Change the selector, or the label in the Deployment's template.",
  snippet: { title: "The selector that matches", text: "kubectl -n shop patch service checkout \\\n  -p '{\"spec\":{\"selector\":{\"app\":\"checkout\"}}}'" },
};

export function ill(): Explanation {
  const broken = anatomy.joins.map((join, n) => (n === 0 ? { ...join, to: null, broken: "selector_matches_nothing" as const } : join));
  const note: Finding = { code: "not_tcp", severity: "note", object: "svc/checkout", evidence: [], why: "Port 53 is UDP, and the API carries TCP only.", next: "", snippet: null };
  const some: Finding = { code: "some_pods_not_ready", severity: "warning", object: "pod/checkout-5c8d7-bbbbb", evidence: [{ object: "pod/checkout-5c8d7-bbbbb", field: "status.conditions[Ready]", value: "False: readiness probe failed, HTTP 503" }], why: "One of two pods fails its readiness probe.", next: "See its logs.", snippet: null };
  return healthy({
    service: "checkout", service_type: "ClusterIP", anatomy: { ...anatomy, joins: broken }, findings: [missesLabel, some, note],
    unread: [{ what: "ingresses in shop", because: problem("forbidden", "You may not list ingresses in shop.") }],
  });
}
