// What others wrote, what runs and what can be copied: for tests and for the pretended engine.

import type { CopyAs } from "../generated/CopyAs";
import type { ImportForward } from "../generated/ImportForward";
import type { ImportItem } from "../generated/ImportItem";
import type { ImportPlan } from "../generated/ImportPlan";
import type { KubectlProcess } from "../generated/KubectlProcess";
import { forward, staging } from "./samples";

export function opens(target: string, ports: string[], more: Partial<ImportForward> = {}): ImportForward {
  return { context: "staging", namespace: "shop", target, ports, address: [], ...more };
}

export function item(name: string, more: Partial<ImportItem> = {}): ImportItem {
  return { name, forwards: [opens(`svc/${name}`, ["8080:80"])], fate: { fate: "added" }, reachable: [], ...more };
}

/** One of each kind of row. */
export const plan: ImportPlan = {
  items: [
    item("web"),
    item("postgres", {
      forwards: [opens("sts/postgres", ["5433:5432"], { address: ["0.0.0.0"] })],
      reachable: ["0.0.0.0"],
    }),
    item("api", { fate: { fate: "clashes", mine: [opens("svc/api", ["8081:http"])] } }),
    item("cache", { fate: { fate: "same" } }),
  ],
  contexts: [
    { name: "stg", server: "https://staging.example:6443", why: { why: "missing" }, suggested: staging, chosen: staging },
    { name: "prod-eu", server: "https://old-prod.example", why: { why: "other_server", here: "https://prod-eu.example:6443" }, suggested: null, chosen: null },
  ],
  left_out: ["line 7: it names its cluster by --server, and not by a context", "line 9: svc/db has no port"],
};

export const kubectls: KubectlProcess[] = [
  {
    pid: 812, started_at: 1,
    offer: {
      can: "take_over", assumed: true, reachable: [],
      forward: forward({ type: "service", name: "web" }, 80, { ports: [{ local: { type: "fixed", port: 8080 }, remote: 80 }] }),
    },
  },
  {
    pid: 903, started_at: 2,
    offer: {
      can: "take_over", assumed: false, reachable: ["0.0.0.0"],
      forward: forward({ type: "workload", kind: "stateful_set", name: "postgres" }, 5432, {
        ports: [{ local: { type: "fixed", port: 5432 }, remote: 5432 }], bind: ["0.0.0.0"],
      }),
    },
  },
  { pid: 977, started_at: 3, offer: { can: "nothing", why: "it names its cluster by --server, and not by a context" } },
];

export const copies: CopyAs[] = [
  { kind: "kubectl", port: null, text: "kubectl port-forward svc/web 8080:80 -n shop --context staging" },
  { kind: "url", port: 8080, text: "http://127.0.0.1:8080" },
  { kind: "client", port: 5433, text: "psql -h 127.0.0.1 -p 5433" },
];
