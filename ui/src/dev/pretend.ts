// The engine pretended, so that `npm run dev` shows a living window in a plain browser. `?show=` picks what is wrong:
// shop (nothing), start, none, broken, forbidden, partly, empty, loading, stale, crowd, lost; outage and unsteady for what tunnels
// meet; favourites for profiles; compare, compare-protected, compare-db, explain and explain-ill for what is said of a Service. `&list=pods` and
// `&all` pick the view.

import type { Balance } from "../generated/Balance";
import type { Change } from "../generated/Change";
import type { ComparisonView } from "../generated/ComparisonView";
import type { ContextId } from "../generated/ContextId";
import type { ListStatus } from "../generated/ListStatus";
import type { Explanation } from "../generated/Explanation";
import type { Method } from "../generated/Method";
import type { PortRef } from "../generated/PortRef";
import type { Probe } from "../generated/Probe";
import type { Row } from "../generated/Row";
import type { RowPort } from "../generated/RowPort";
import type { SessionEvent } from "../generated/SessionEvent";
import type { SessionView } from "../generated/SessionView";
import type { View } from "../generated/View";
import type { Backend } from "../lib/backend";
import { crowd, rowsOf } from "./catalog";
import { PretendedComparison, withHistory } from "./comparison";
import { healthy, ill } from "./explanation";
import { FakeBackend } from "./fake";
import { copies, kubectls, plan } from "./imports";
import { beginSettings, changeSettings, silenceSession } from "./settings";
import { shelf } from "./shelf";
import { active, context, counters, event, forbidden, port, problem, role, session, staging } from "./samples";
import { busy, connected, history, inShop, outage, unsteady } from "./tunnels";

export function pretend(query: URLSearchParams): Backend {
  const engine = new PretendedEngine(query.get("show") ?? "shop");
  engine.begin();
  const list = (["services", "workloads", "pods"] as const).find((kind) => kind === query.get("list")) ?? "services";
  const namespace = query.has("all") ? { scope: "all" as const } : { scope: "one" as const, name: "shop" };
  if (!["none", "broken", "start"].includes(query.get("show") ?? "")) void engine.look({ context: staging, namespace, list });
  return engine;
}

class PretendedEngine extends FakeBackend {
  #compared: PretendedComparison | null = null;

  constructor(private readonly show: string) {
    super();
  }

  begin(): void {
    const { show } = this;
    this.planned = plan;
    this.imported = { added: ["web", "postgres"], replaced: ["api"], clashed: [] };
    this.kubectl = kubectls;
    this.copied = copies;
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
    beginSettings(this);
    const unreachable = problem("unreachable", "old-vpn.example:6443 does not answer.", "Is the VPN up?");
    const known = { state: "known" as const, names: ["default", "kube-system", "payments-and-invoices", "shop"] };
    const unlisted = { state: "forbidden" as const, problem: problem("forbidden", "You may not list namespaces."), role };
    for (const one of [
      context("prod-eu"),
      context("staging", { reach: { state: "reachable" }, namespaces: ["forbidden", "partly"].includes(show) ? unlisted : known, current: true }),
      context("kind-dev", { reach: { state: "checking" } }),
      context("old-vpn", { reach: { state: "unreachable", problem: unreachable } }),
      context("arn:aws:eks:eu-west-1:123456789012:cluster/analytics"),
    ]) {
      this.set(`context/${one.id.source}/${one.id.name}`, { part: "context", value: one });
    }
    this.#comparison(show);
    if (show === "favourites") shelf(this);
    if (["shop", "favourites", "crowd", "outage", "unsteady"].includes(show)) this.#sessions();
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

  override async setBalance(id: number, balance: Balance): Promise<void> {
    await super.setBalance(id, balance);
    const session = this.#session(id);
    if (session) this.#put({ ...session, balance });
  }

  override async moveTo(id: number, uid: string): Promise<void> {
    await super.moveTo(id, uid);
    await this.setBalance(id, "sticky");
  }

  override async stop(id: number): Promise<void> {
    await super.stop(id);
    this.remove(`session/${id}`);
  }

  override async copy(text: string): Promise<void> {
    await super.copy(text);
    await navigator.clipboard?.writeText(text).catch(() => undefined);
  }

  override async demo(): Promise<ContextId> {
    const id = await super.demo();
    this.set("context/demo", { part: "context", value: context("demo", { id, reach: { state: "reachable" } }) });
    return id;
  }

  override async protect(id: ContextId, marked: boolean): Promise<void> {
    await super.protect(id, marked);
    const key = `context/${id.source}/${id.name}`;
    const part = this.get(key);
    if (part?.part === "context") this.set(key, { part: "context", value: { ...part.value, protected: marked } });
  }

  override async changeSetting(change: Change): Promise<void> {
    await super.changeSetting(change);
    changeSettings(this, change);
  }

  override async silence(id: number, silent: boolean): Promise<void> {
    await super.silence(id, silent);
    silenceSession(this, id, silent);
  }

  override async compare(...to: Parameters<Backend["compare"]>): Promise<void> {
    await super.compare(...to);
    const [of, namespace, service, asked] = to;
    const demo = of.name === "demo";
    const pretended = new PretendedComparison({ context: of, namespace, service, port: portAsked(asked), experiment: { delete: { may: "yes" }, pod: 0, demo } }, Date.now());
    setTimeout(() => this.#setComparison(pretended), 400);
  }

  override async startComparison(): Promise<void> {
    await super.startComparison();
    if (this.#compared) this.#compared.view = { ...this.#compared.view, state: { state: "running" } };
  }

  override async askComparison(method: Method, path: string): Promise<void> {
    await super.askComparison(method, path);
    this.#compared?.ask(method, path);
  }

  override async deleteComparedPod(uid: string): Promise<void> {
    await super.deleteComparedPod(uid);
    this.#compared?.delete(uid, Date.now());
  }

  override async closeComparison(): Promise<void> {
    await super.closeComparison();
    this.#setComparison(null);
  }

  override async probes(after: number): Promise<Probe[]> {
    return this.#compared?.probes.filter(({ number }) => number > after) ?? [];
  }

  override async explain(...of: Parameters<Backend["explain"]>): Promise<Explanation> {
    const well = of[2] !== "checkout";
    this.explanation = new Promise((resolve) => setTimeout(() => resolve(well ? healthy({ service: of[2] }) : ill()), 300));
    return super.explain(...of);
  }

  #comparison(show: string): void {
    const more: Record<string, Partial<ComparisonView>> = {
      compare: {},
      "compare-demo": { experiment: { delete: { may: "yes" }, pod: 0, demo: true } },
      "compare-protected": { state: { state: "not_started", because: "protected" }, experiment: { delete: { may: "protected" }, pod: 0, demo: false } },
      "compare-db": { service: "postgres", state: { state: "not_started", because: "not_http" }, asking: { method: "connect", path: "/", every_ms: 5000, http_by: null } },
    };
    const picked = more[show];
    if (picked) this.#setComparison(picked.state ? new PretendedComparison(picked, Date.now()) : withHistory(picked, Date.now()));
    setInterval(() => {
      this.#compared?.tick(Date.now());
      if (this.#compared) this.set("comparison", { part: "comparison", value: this.#compared.view });
    }, 500);
  }

  #setComparison(pretended: PretendedComparison | null): void {
    this.#compared = pretended;
    if (pretended) this.set("comparison", { part: "comparison", value: pretended.view });
    else this.remove("comparison");
  }

  #put(value: SessionView): void {
    this.set(`session/${value.id}`, { part: "session", value });
  }

  #setList(view: View): void {
    for (const key of this.keys("row/")) this.remove(key);
    const status: Record<string, ListStatus> = {
      loading: { state: "loading" },
      forbidden: forbidden(view.list, "pods"),
      partly: forbidden("pods"),
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
    for (const value of this.show === "outage" ? outage() : this.show === "unsteady" ? unsteady() : inShop()) this.#put(value);
    if (!["shop", "crowd", "favourites"].includes(this.show)) return;
    this.happened.set(6, history());
    this.connected.set(6, connected());
    let n = history().length;
    let down = 0;
    let ticks = 0;
    const tick = () => {
      if (ticks > 0 && !this.get("session/6")) return;
      ticks += 1;
      down += 3_200_000;
      if (ticks % 4 === 0) this.#happen(6, { ...event(++n, "held", { pod: "web-k8s2m", took_ms: 400 + 90 * ticks }), at: Date.now() });
      const before = this.#session(6);
      this.#put({
        ...(before ?? busy()),
        events: n,
        counters: counters({
          open: 12, served: 4318 + 7 * ticks, retried: 2, unanswered: 1, reconnects: 1, first_byte_p50_us: 1240, first_byte_p95_us: 4810,
          bytes_up: down / 40, bytes_down: down,
        }),
      });
    };
    tick();
    setInterval(tick, 1000);
  }

  #session(id: number): SessionView | null {
    const part = this.get(`session/${id}`);
    return part?.part === "session" ? part.value : null;
  }

  #happen(id: number, one: SessionEvent): void {
    this.happened.set(id, [...(this.happened.get(id) ?? []), one]);
  }
}

function portAsked(asked: PortRef): RowPort {
  return typeof asked === "number" ? port(asked) : port(80, { name: asked });
}
