// The engine pretended, so that `npm run dev` shows a living window in a plain browser. `?show=` picks what is wrong:
// shop (nothing), start, none, broken, forbidden, empty, loading, stale, crowd, lost. `&list=pods` and `&all` pick the view.

import type { ListStatus } from "../generated/ListStatus";
import type { Phase } from "../generated/Phase";
import type { Row } from "../generated/Row";
import type { SessionView } from "../generated/SessionView";
import type { View } from "../generated/View";
import type { Backend } from "../lib/backend";
import { crowd, rowsOf } from "./catalog";
import { FakeBackend } from "./fake";
import { active, context, forward, problem, session, staging } from "./samples";

export function pretend(query: URLSearchParams): Backend {
  const engine = new PretendedEngine(query.get("show") ?? "shop");
  engine.begin();
  const list = (["services", "workloads", "pods"] as const).find((kind) => kind === query.get("list")) ?? "services";
  const namespace = query.has("all") ? { scope: "all" as const } : { scope: "one" as const, name: "shop" };
  if (!["none", "broken", "start"].includes(query.get("show") ?? "")) void engine.look({ context: staging, namespace, list });
  return engine;
}

class PretendedEngine extends FakeBackend {
  constructor(private readonly show: string) {
    super();
  }

  begin(): void {
    const { show } = this;
    if (show === "lost") this.rejects.set("changes", problem("server", "The window lost its engine."));
    const paths = ["~/.kube/config"];
    if (show === "none" || show === "broken") {
      const why = show === "none"
        ? problem("no_kubeconfig", "There is no kubeconfig.", "Put one at ~/.kube/config, or name it in KUBECONFIG.")
        : problem("bad_kubeconfig", "~/.kube/config is not valid YAML: line 7: did not find expected key.", "Mend it, then look again.");
      this.set("kubeconfig", { part: "kubeconfig", value: { paths, problem: why } });
      return;
    }
    this.set("kubeconfig", { part: "kubeconfig", value: { paths, problem: null } });
    const unreachable = problem("unreachable", "old-vpn.example:6443 does not answer.", "Is the VPN up?");
    const known = { state: "known" as const, names: ["default", "kube-system", "payments-and-invoices", "shop"] };
    const forbidden = {
      state: "forbidden" as const,
      problem: problem("forbidden", "You may not list namespaces.", "Type the one you work in."),
    };
    for (const one of [
      context("prod-eu"),
      context("staging", { reach: { state: "reachable" }, namespaces: show === "forbidden" ? forbidden : known, current: true }),
      context("kind-dev", { reach: { state: "checking" } }),
      context("old-vpn", { reach: { state: "unreachable", problem: unreachable } }),
      context("arn:aws:eks:eu-west-1:123456789012:cluster/analytics"),
    ]) {
      this.set(`context/${one.id.source}/${one.id.name}`, { part: "context", value: one });
    }
    if (show === "shop" || show === "crowd") this.#sessions();
  }

  override async look(view: View | null): Promise<void> {
    await super.look(view);
    if (view) this.#setList(view);
    else this.remove("list");
  }

  override async start(to: Parameters<Backend["start"]>[0]): Promise<number> {
    const id = 100 + (await super.start(to));
    const remote = to.ports[0]?.remote;
    if (remote === 7) throw problem("port_not_found", "svc/web has no port 7.", "It has http (8080) and metrics (9090).");
    const local = 20000 + id;
    this.#put(session(id, to, null, { state: "resolving" }));
    setTimeout(() => this.#put(session(id, to, local, { state: "resolving" })), 300);
    setTimeout(() => this.#put(session(id, to, local, active(80, "web-7d9f86c5b4-x2v9q"))), 1200);
    return id;
  }

  override async stop(id: number): Promise<void> {
    await super.stop(id);
    this.remove(`session/${id}`);
  }

  override async copy(text: string): Promise<void> {
    await super.copy(text);
    await navigator.clipboard?.writeText(text).catch(() => undefined);
  }

  #put(value: SessionView): void {
    this.set(`session/${value.id}`, { part: "session", value });
  }

  #setList(view: View): void {
    for (const key of this.keys("row/")) this.remove(key);
    const status: Record<string, ListStatus> = {
      loading: { state: "loading" },
      forbidden: {
        state: "forbidden",
        problem: problem("forbidden", "You may not list services in shop.", "Ask for `list services`, or type another namespace."),
      },
      stale: {
        state: "stale",
        problem: problem("unreachable", "staging.example:6443 does not answer; this is as of 14:02:11.", "Portolan keeps trying."),
      },
    };
    this.set("list", { part: "list", value: { view, status: status[this.show] ?? { state: "live" } } });
    const rows: Row[] = this.show === "crowd" ? crowd(5000) : ["loading", "forbidden", "empty"].includes(this.show) ? [] : rowsOf(view);
    rows.forEach((value, n) => this.set(`row/${n}`, { part: "row", value }));
  }

  #sessions(): void {
    const waiting: Phase = {
      state: "waiting", needs_you: false, attempt: 0, retry_at: null,
      reason: problem("no_ready_pod", "Both pods of deploy/api fail their readiness probe: HTTP 503.", "See the pods' logs."),
    };
    const unreachable: Phase = {
      state: "waiting", needs_you: false, attempt: 4, retry_at: Date.now() + 600_000,
      reason: problem("unreachable", "prod-eu.example:6443 does not answer.", "Is the VPN up?"),
    };
    const gone: Phase = {
      state: "broken",
      reason: problem("pod_gone", "cache-1 was deleted. A tunnel to a pod names that one pod, so it ended.", "Open svc/cache to follow whichever pod is ready."),
    };
    const taken: Phase = {
      state: "failed", error: problem("port_taken", "Port 3000 is held by node (pid 4121).", "Stop it, or choose another local port."),
    };
    const prod = { context: { source: "default", name: "prod-eu" } };
    this.#put(session(1, forward({ type: "pod", name: "cache-1" }, 6379), null, gone, {
      counters: { open: 0, held: 0, served: 12, retried: 0, refused: 0, cut: 1, bytes_up: 0, bytes_down: 0 },
    }));
    this.#put(session(2, forward({ type: "service", name: "postgres" }, 5432), 5433, active(5432, "postgres-0")));
    this.#put(session(3, forward({ type: "service", name: "api" }, 80), 8081, waiting, {
      counters: { open: 0, held: 2, served: 0, retried: 0, refused: 0, cut: 0, bytes_up: 0, bytes_down: 0 },
    }));
    this.#put(session(4, forward({ type: "service", name: "ledger" }, 443, prod), 8443, unreachable));
    this.#put(session(5, forward({ type: "workload", kind: "deployment", name: "web" }, 80, { ports: [{ local: { type: "fixed", port: 3000 }, remote: 80 }] }), null, taken));
    let served = 4318;
    let down = 0;
    const tick = () => {
      if (served > 4318 && !this.get("session/6")) return;
      served += 7;
      down += 3_200_000;
      this.#put(session(6, forward({ type: "service", name: "web" }, 8080), 8080, active(80, "web-x2v9q", "web-k8s2m", "web-p4w1z"), {
        mark: "web-k8s2m refused :80",
        counters: { open: 12, held: 0, served, retried: 0, refused: 0, cut: 0, bytes_up: down / 40, bytes_down: down },
      }));
      const postgres = this.get("session/2");
      if (postgres?.part === "session") {
        this.#put({
          ...postgres.value,
          listeners: postgres.value.listeners.map((listener) => ({ ...listener, instead_of: { port: 5432, holder: { type: "process", name: "postgres", pid: 812 } } })),
          counters: { ...postgres.value.counters, open: 3, served: 3 },
        });
      }
    };
    tick();
    setInterval(tick, 1000);
  }
}
