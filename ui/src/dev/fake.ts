// An engine that is not there: a feed that answers as the real one does, and a record of what was asked. For tests, and
// under pretend.ts for a plain browser. Never part of a build.

import type { Balance } from "../generated/Balance";
import type { Change } from "../generated/Change";
import type { Changes } from "../generated/Changes";
import type { ContextChoice } from "../generated/ContextChoice";
import type { ContextId } from "../generated/ContextId";
import type { CopyAs } from "../generated/CopyAs";
import type { Explanation } from "../generated/Explanation";
import type { Forward } from "../generated/Forward";
import type { ImportChoices } from "../generated/ImportChoices";
import type { Imported } from "../generated/Imported";
import type { ImportPlan } from "../generated/ImportPlan";
import type { ImportSource } from "../generated/ImportSource";
import type { KubectlProcess } from "../generated/KubectlProcess";
import type { ListKind } from "../generated/ListKind";
import type { Method } from "../generated/Method";
import type { Part } from "../generated/Part";
import type { OpenConnections } from "../generated/OpenConnections";
import type { PortMap } from "../generated/PortMap";
import type { PortRef } from "../generated/PortRef";
import type { Probe } from "../generated/Probe";
import type { Problem } from "../generated/Problem";
import type { ProbePorts } from "../generated/ProbePorts";
import type { Edit } from "../generated/Edit";
import type { Remedy } from "../generated/Remedy";
import type { Taken } from "../generated/Taken";
import type { SessionEvent } from "../generated/SessionEvent";
import type { SessionId } from "../generated/SessionId";
import type { Target } from "../generated/Target";
import type { View } from "../generated/View";
import type { Backend } from "../lib/backend";

/** One call, as `["copy", "127.0.0.1:8080"]`. */
export type Call = readonly [name: keyof Backend, ...args: unknown[]];

export class FakeBackend implements Backend {
  /** Every call but `changes`, in order. */
  readonly calls: Call[] = [];
  /** Set to make the next calls of that name reject. */
  readonly rejects = new Map<keyof Backend, Problem>();
  /** What `events` answers with, oldest first. */
  readonly happened = new Map<SessionId, SessionEvent[]>();
  /** What `connections` answers with. */
  readonly connected = new Map<SessionId, OpenConnections>();
  /** What `probes` answers with, oldest first. */
  probed: Probe[] = [];
  /** What `explain` answers with, once it is set: by then the question may have been asked. */
  explanation: Promise<Explanation> | null = null;
  /** What `planImport` answers with. */
  planned: ImportPlan = { items: [], contexts: [], left_out: [] };
  /** What `importProfiles` answers with. */
  imported: Imported = { added: [], replaced: [], clashed: [] };
  /** What `kubectlProcesses` answers with. */
  kubectl: KubectlProcess[] = [];
  /** What `copies` answers with. */
  copied: CopyAs[] = [];

  /** What `takenPorts` answers with. */
  taken: Taken[] = [];

  #parts = new Map<string, { revision: number; part: Part | null }>();
  // Not 0, which asks for everything: an empty engine has something to wait for, too.
  #revision = 1;
  #waiting: (() => void)[] = [];
  #nextSession = 1;

  /** Sets a part. */
  set(key: string, part: Part): void {
    this.#put(key, part);
  }

  /** Removes a part. */
  remove(key: string): void {
    if (this.get(key)) this.#put(key, null);
  }

  get(key: string): Part | null {
    return this.#parts.get(key)?.part ?? null;
  }

  /** The keys of the parts that start with `prefix`. */
  keys(prefix: string): string[] {
    return [...this.#parts].filter(([key, { part }]) => part !== null && key.startsWith(prefix)).map(([key]) => key);
  }

  async changes(after: number): Promise<Changes> {
    this.#reject("changes");
    const full = after === 0;
    if (!full && after >= this.#revision) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const newer = [...this.#parts].filter(([, { revision }]) => full || revision > after);
    return structuredClone({
      revision: this.#revision,
      full,
      changed: newer.flatMap(([key, { part }]) => (part === null ? [] : [{ key, part }])),
      removed: full ? [] : newer.filter(([, { part }]) => part === null).map(([key]) => key),
    });
  }

  async look(view: View | null): Promise<void> {
    this.#called("look", view);
  }

  async start(forward: Forward): Promise<SessionId> {
    this.#called("start", forward);
    return this.#nextSession++;
  }

  async parsePort(text: string): Promise<PortMap> {
    this.#called("parsePort", text);
    const [first, second] = text.split(":");
    const remote = second ?? first ?? "";
    const number = /^\d+$/.test(remote) ? Number(remote) : remote;
    if (typeof number === "number" && (number < 1 || number > 65535)) {
      throw { code: "bad_port", message: `${number} is not a port.`, next: "Ports go from 1 to 65535." } satisfies Problem;
    }
    return { local: second === undefined ? { type: "suggested" } : { type: "fixed", port: Number(first) }, remote: number };
  }

  async parseTarget(text: string, list: ListKind): Promise<Target> {
    this.#called("parseTarget", text, list);
    const [kind, name] = text.includes("/") ? text.split("/") : [list, text];
    if (!name) throw { code: "bad_target", message: `“${text}” is not a target.`, next: "" } satisfies Problem;
    if (kind === "svc" || kind === "services") return { type: "service", name };
    if (kind === "deploy" || kind === "workloads") return { type: "workload", kind: "deployment", name };
    return { type: "pod", name };
  }

  async stop(id: SessionId): Promise<void> {
    this.#called("stop", id);
  }

  async retry(id: SessionId): Promise<void> {
    this.#called("retry", id);
  }

  async setBalance(id: SessionId, balance: Balance): Promise<void> {
    this.#called("setBalance", id, balance);
  }

  async moveTo(id: SessionId, uid: string): Promise<void> {
    this.#called("moveTo", id, uid);
  }

  async events(id: SessionId, after: number): Promise<SessionEvent[]> {
    this.#called("events", id, after);
    return structuredClone((this.happened.get(id) ?? []).filter(({ n }) => n > after));
  }

  async instead(id: SessionId): Promise<SessionId | null> {
    this.#called("instead", id);
    return this.#nextSession++;
  }

  async waitForName(id: SessionId): Promise<SessionId | null> {
    this.#called("waitForName", id);
    return this.#nextSession++;
  }

  async signIn(context: ContextId): Promise<void> {
    this.#called("signIn", context);
  }

  async copy(text: string): Promise<void> {
    this.#called("copy", text);
  }

  async visit(id: SessionId, slot: number): Promise<void> {
    this.#called("visit", id, slot);
  }

  async reloadKubeconfig(): Promise<void> {
    this.#called("reloadKubeconfig");
  }

  async demo(): Promise<ContextId> {
    this.#called("demo");
    return { source: "/tmp/demo", name: "demo" };
  }

  async protect(context: ContextId, protect: boolean): Promise<void> {
    this.#called("protect", context, protect);
  }

  async connections(id: SessionId): Promise<OpenConnections> {
    this.#called("connections", id);
    return structuredClone(this.connected.get(id) ?? { connections: [], left_out: 0 });
  }

  async saveEvents(id: SessionId): Promise<string | null> {
    this.#called("saveEvents", id);
    return "/home/me/Downloads/portolan-svc-web-events.jsonl";
  }

  async compare(context: ContextId, namespace: string, service: string, port: PortRef): Promise<void> {
    this.#called("compare", context, namespace, service, port);
  }

  async startComparison(): Promise<void> {
    this.#called("startComparison");
  }

  async askComparison(method: Method, path: string): Promise<void> {
    this.#called("askComparison", method, path);
  }

  async deleteComparedPod(uid: string): Promise<void> {
    this.#called("deleteComparedPod", uid);
  }

  async rollCompared(): Promise<void> {
    this.#called("rollCompared");
  }

  async closeComparison(): Promise<void> {
    this.#called("closeComparison");
  }

  async probes(after: number): Promise<Probe[]> {
    this.#called("probes", after);
    return structuredClone(this.probed.filter(({ number }) => number > after));
  }

  async comparisonMarkdown(): Promise<string> {
    this.#called("comparisonMarkdown");
    return "# web : http";
  }

  async saveComparison(): Promise<string> {
    this.#called("saveComparison");
    return "/home/me/Downloads/portolan-web-http.json";
  }

  async saveSession(id: SessionId, workload: boolean): Promise<string> {
    this.#called("saveSession", id, workload);
    return "saved";
  }

  async saveOpen(name: string): Promise<string> {
    this.#called("saveOpen", name);
    return name;
  }

  async startProfiles(names: readonly string[]): Promise<void> {
    this.#called("startProfiles", names);
  }

  async stopProfiles(names: readonly string[]): Promise<void> {
    this.#called("stopProfiles", names);
  }

  async remedyProfile(name: string, forward: number, slot: number, remedy: Remedy): Promise<void> {
    this.#called("remedyProfile", name, forward, slot, remedy);
  }

  async keepProfile(name: string): Promise<void> {
    this.#called("keepProfile", name);
  }

  async editProfile(name: string, edit: Edit): Promise<string> {
    this.#called("editProfile", name, edit);
    return edit.field === "name" ? edit.to : name;
  }

  async duplicateProfile(name: string): Promise<string> {
    this.#called("duplicateProfile", name);
    return `${name} 2`;
  }

  async placeProfile(name: string, before: string | null): Promise<void> {
    this.#called("placeProfile", name, before);
  }

  async removeProfile(name: string): Promise<void> {
    this.#called("removeProfile", name);
  }

  async undoRemoveProfile(): Promise<void> {
    this.#called("undoRemoveProfile");
  }

  async reopen(): Promise<void> {
    this.#called("reopen");
  }

  async forgetLeftOpen(): Promise<void> {
    this.#called("forgetLeftOpen");
  }

  async takenPorts(id: SessionId): Promise<Taken[]> {
    this.#called("takenPorts", id);
    return structuredClone(this.taken);
  }

  async startAgain(id: SessionId, slot: number, remedy: Remedy | null): Promise<SessionId | null> {
    this.#called("startAgain", id, slot, remedy);
    return this.#nextSession++;
  }

  async explain(context: ContextId, namespace: string, service: string, ports: ProbePorts): Promise<Explanation> {
    this.#called("explain", context, namespace, service, ports);
    if (this.explanation === null) throw { code: "target_not_found", message: `There is no svc/${service}.`, next: "" } satisfies Problem;
    return structuredClone(await this.explanation);
  }

  async planImport(source: ImportSource, contexts: ContextChoice[]): Promise<ImportPlan> {
    this.#called("planImport", source, contexts);
    return structuredClone(this.planned);
  }

  async importProfiles(source: ImportSource, choices: ImportChoices): Promise<Imported> {
    this.#called("importProfiles", source, choices);
    return structuredClone(this.imported);
  }

  async kubectlProcesses(): Promise<KubectlProcess[]> {
    this.#called("kubectlProcesses");
    return structuredClone(this.kubectl);
  }

  async takeOver(process: KubectlProcess, loopback: boolean): Promise<SessionId> {
    this.#called("takeOver", process, loopback);
    this.kubectl = this.kubectl.filter(({ pid }) => pid !== process.pid);
    return this.#nextSession++;
  }

  async copies(id: SessionId): Promise<CopyAs[]> {
    this.#called("copies", id);
    return structuredClone(this.copied);
  }

  async exportProfiles(names: string[]): Promise<string> {
    this.#called("exportProfiles", names);
    return '{ "version": 1, "profiles": [] }';
  }

  async saveProfiles(names: string[]): Promise<string> {
    this.#called("saveProfiles", names);
    return "/home/me/Downloads/portolan-profiles.json";
  }

  async changeSetting(change: Change): Promise<void> {
    this.#called("changeSetting", change);
  }

  async silence(id: SessionId, silent: boolean): Promise<void> {
    this.#called("silence", id, silent);
  }

  #put(key: string, part: Part | null): void {
    this.#parts.set(key, { revision: ++this.#revision, part });
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #called(name: keyof Backend, ...args: unknown[]): void {
    this.calls.push([name, ...structuredClone(args)]);
    this.#reject(name);
  }

  #reject(name: keyof Backend): void {
    const problem = this.rejects.get(name);
    if (problem) throw problem;
  }
}
