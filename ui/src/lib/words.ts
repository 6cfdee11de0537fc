// Every word that the window says by itself, but those of events, of the comparison and of the explanation: see words/.
// What the engine says (a problem's message and next step) is shown as it is.

import type { Counters } from "../generated/Counters";
import type { Holder } from "../generated/Holder";
import type { ListKind } from "../generated/ListKind";
import type { Phase } from "../generated/Phase";
import type { Problem } from "../generated/Problem";
import type { Reach } from "../generated/Reach";
import type { Scope } from "../generated/Scope";
import type { SessionView } from "../generated/SessionView";
import type { TakenPort } from "../generated/TakenPort";
import type { Unstable } from "../generated/Unstable";
import type { WorkloadKind } from "../generated/WorkloadKind";
import type { SharedCode } from "./causes";
import { isOver, shownAs, type Shown } from "./phase";
import { span } from "./units";

const counted = new Intl.NumberFormat("en");

/** `4,318`. */
export function count(n: number): string {
  return counted.format(n);
}

/** `1 pod`, `2 pods`. */
export function plural(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export const words = {
  contexts: "Contexts",
  namespace: "Namespace",
  browse: "Browse",
  all: "All",
  allNamespaces: "all namespaces",
  current: "current",
  typeNamespace: "Type a namespace",
  openNamespace: "Open",
  listNamespace: "Namespace",

  filter: "Filter",
  clearFilter: "Clear the filter",
  name: "Name",
  ports: "Ports",
  trouble: "Trouble",
  addPort: "port",
  open: "Open",
  cancel: "Cancel",
  portHint: "[local:]remote",
  fewer: "less",
  copied: "copied",
  noPorts: "none declared",
  none: "none",
  unknownPods: "no pods, or they may not be read",
  asksAgain: "Portolan keeps asking.",
  lastKnown: "This is what was known last; Portolan keeps asking.",

  app: "Portolan",
  pickContext: "Choose a context on the left.",
  pickContextWhy: "Portolan contacts a cluster only once you open it.",
  protect: "Mark as protected: nothing is deleted there, and nothing is probed before you start it",
  protected: "Protected: nothing is deleted here, and nothing is probed before you start it. Click to take the mark away",
  readingKubeconfig: "Reading your kubeconfig…",
  lookedIn: "Looked in",
  lookAgain: "Look again",
  tryDemo: "Try the demo cluster",
  tryDemoWhat: "A small cluster inside Portolan, with a shop to forward to. It ends with the app.",

  sessions: "Sessions",
  noSessions: "No tunnels yet.",
  noSessionsHow: "Click a port in the list to open one. Its address is copied.",
  stop: "Stop",
  close: "Close",
  retry: "Retry now",
  signIn: "Sign in",
  details: "Details",
  events: "Events",
  copies: "Copy",
  noEvents: "Nothing has happened yet.",
  readingEvents: "Reading what happened…",
  newConnections: "New connections",
  balanced: "Balanced",
  balancedWhy: "Each connection goes to any ready pod",
  sticky: "Sticky",
  stickyWhy: "Connections stay with one pod until it goes",
  moveTo: "Move to",
  waitForName: "Wait for this name",
  waitForNameWhy: "Go on with the next pod of this name, on the same local port",
  noLocalPort: "no local port",
  idle: "idle",
} as const;

/** The name of a list. */
export function listName(list: ListKind): string {
  return { services: "Services", workloads: "Workloads", pods: "Pods" }[list];
}

/** The heads of the columns that depend on the list. */
export function columns(list: ListKind): { kind: string; ready: string } {
  switch (list) {
    case "services":
      return { kind: "Type", ready: "Endpoints" };
    case "workloads":
      return { kind: "Kind", ready: "Pods" };
    case "pods":
      return { kind: "Status", ready: "Ready" };
  }
}

/** `Deployment`, as Kubernetes writes it. */
export function workloadName(kind: WorkloadKind): string {
  return {
    deployment: "Deployment",
    stateful_set: "StatefulSet",
    daemon_set: "DaemonSet",
    replica_set: "ReplicaSet",
    replication_controller: "ReplicationController",
    job: "Job",
  }[kind];
}

/** `shop`, or `all namespaces`. */
export function scopeName(scope: Scope): string {
  return scope.scope === "all" ? words.allNamespaces : scope.name;
}

export function loadingList(list: ListKind): string {
  return `Loading ${listName(list).toLowerCase()}…`;
}

export function emptyList(list: ListKind, scope: Scope): string {
  const what = listName(list).toLowerCase();
  return scope.scope === "all" ? `No ${what} in any namespace.` : `No ${what} in ${scope.name}.`;
}

export function noMatch(filter: string, of: number): string {
  return `Nothing among ${count(of)} matches “${filter}”.`;
}

/** What is known about a context's API server. */
export function reachName(reach: Reach): string {
  return {
    not_checked: "not checked",
    checking: "checking",
    reachable: "reachable",
    unreachable: "unreachable",
  }[reach.state];
}

/** The name of what a session is shown as. */
export function stateName(shown: Shown): string {
  return {
    resolving: "Resolving",
    active: "Active",
    waiting: "Waiting",
    unstable: "Unstable",
    broken: "Broken",
    failed: "Failed",
    stopped: "Stopped",
  }[shown];
}

/** `2 active, 1 waiting`: trouble is named, zeroes are not. */
export function sessionsTally(sessions: readonly SessionView[]): string {
  const states = ["active", "resolving", "waiting", "unstable", "broken", "failed", "stopped"] as const;
  return states
    .map((state) => [sessions.filter((session) => shownAs(session) === state).length, state] as const)
    .filter(([n]) => n > 0)
    .map(([n, state]) => `${count(n)} ${state}`)
    .join(", ");
}

/**
 * What a waiting session does about it. While a watch is open there is no countdown, because nothing is counted: the
 * news comes by itself.
 */
export function waitingFor(phase: Extract<Phase, { state: "waiting" }>, now: number): string {
  if (phase.retry_at !== null) {
    const tries = phase.attempt > 0 ? ` · attempt ${count(phase.attempt)}` : "";
    return tryingAgain(phase.retry_at, now) + tries;
  }
  switch (phase.reason.code) {
    case "no_ready_pod":
      return "Watching: connects as soon as a pod is ready";
    case "pod_not_running":
      return "Watching: connects as soon as the container runs";
    case "target_not_found":
    case "unknown_namespace":
      return "Watching: connects as soon as it is there";
    case "login":
      return "Connects as soon as you have signed in";
    default:
      return phase.needs_you ? "Watching: connects as soon as this is changed" : "Watching: connects as soon as it can";
  }
}

/** `Trying again in 3 s`. */
export function tryingAgain(retryAt: number, now: number): string {
  const seconds = secondsTo(retryAt, now);
  return seconds > 0 ? `Trying again in ${seconds} s` : "Trying again now";
}

function secondsTo(then: number, now: number): number {
  return Math.max(0, Math.ceil((then - now) / 1000));
}

/** A direct tunnel's pod on its way out. */
export function terminating(goneAt: number, now: number, waitsForName: boolean): string {
  const seconds = secondsTo(goneAt, now);
  const then = waitsForName ? "The tunnel goes on with the next one of its name." : "The tunnel ends with it.";
  return `The pod is on its way out: gone ${seconds > 0 ? `in ${count(seconds)} s` : "any moment"}. ${then}`;
}

/** A session that comes and goes. */
export function cameAndWent({ changes, restarts, restarted_because: because }: Unstable): string {
  const told = `Came and went ${count(changes)} times in the last minute`;
  if (restarts === 0) return told;
  return `${told} · ${count(restarts)} restart${restarts === 1 ? "" : "s"}${because && ` (${because})`}`;
}

/** What many tunnels of one context wait for. */
export function causeName(code: SharedCode): string {
  return { unreachable: "API server not reached", login: "Login expired" }[code];
}

/** `4 tunnels wait`. */
export function tunnelsWait(n: number): string {
  return plural(n, "tunnel waits", "tunnels wait");
}

/** What a waiting session waits for, where the way would name the pod. */
export function missing(problem: Problem): string {
  switch (problem.code) {
    case "no_ready_pod":
      return "no ready pod";
    case "pod_not_running":
      return "container not running";
    case "target_not_found":
    case "unknown_namespace":
      return "not there yet";
    case "unreachable":
      return "API server not reached";
    case "login":
      return "login expired";
    case "forbidden":
      return "not permitted";
    case "no_selector":
      return "no selector";
    case "port_not_found":
      return "no such port";
    default:
      return "nothing yet";
  }
}

export const way = {
  looking: "looking…",
  gone: "gone",
  pods: (n: number, balance: string) => `${plural(n, "pod", "pods")}, ${balance}`,
} as const;

/** `:5433 · 5432 is held by postgres (pid 812)`: why it is not the port one would expect. */
export function insteadOf(port: number, taken: TakenPort): string {
  const who = taken.holder === null ? "taken" : `held by ${holderName(taken.holder)}`;
  return `:${port} · ${taken.port} is ${who}`;
}

function holderName(holder: Holder): string {
  return holder.type === "our_session" ? "another session" : `${holder.name} (pid ${holder.pid})`;
}

export const counters = {
  open: (n: number) => plural(n, "connection", "connections"),
  served: (n: number) => `${count(n)} served`,
  held: (n: number) => `${count(n)} held`,
  cut: (n: number) => `${count(n)} cut`,
  refused: (n: number) => `${count(n)} refused`,
  unanswered: (n: number) => `${count(n)} unanswered`,
  unansweredWhy: "Connections that were reset after something was delivered and before anything was answered: it may have been done",
  heldWhy: "Connections that wait for a pod",
  cutWhy: "Connections that were reset while a pod served them",
  refusedWhy: "Connections that were reset before a pod took them",
} as const;

/** A card's details: what was counted, in words. */
export function details(of: Counters): { name: string; value: string; why: string }[] {
  const { first_byte_p50_us: half, first_byte_p95_us: most } = of;
  const first = half === null || most === null ? "no answer yet" : `${span(half / 1000)} · ${span(most / 1000)}`;
  return [
    { name: "First byte, p50 · p95", value: first, why: "What the last 256 connections waited for their first byte" },
    { name: "Connections open", value: count(of.open), why: "Connections that a pod serves now" },
    { name: "Held", value: count(of.held), why: counters.heldWhy },
    { name: "Served", value: count(of.served), why: "Connections that ended in good order" },
    { name: "Dials tried again", value: count(of.retried), why: "Dials that failed before a pod had received anything" },
    { name: "Refused", value: count(of.refused), why: counters.refusedWhy },
    { name: "Cut", value: count(of.cut), why: counters.cutWhy },
    { name: "Delivered, unanswered", value: count(of.unanswered), why: counters.unansweredWhy },
    { name: "Reconnects", value: count(of.reconnects), why: "How often connections could be served again after they could not" },
  ];
}

/** `3 of 3`. */
export function ready(n: number, wanted: number): string {
  return `${count(n)} of ${count(wanted)}`;
}

export function restarts(n: number): string {
  return plural(n, "restart", "restarts");
}

export function onNode(node: string): string {
  return `on ${node}`;
}

/** Why a port that is not TCP cannot be clicked. */
export function notTcp(protocol: string): string {
  return `${protocol} cannot be forwarded: the Kubernetes API carries TCP only`;
}

/** What an ExternalName Service says in place of ports. */
export function externalName(name: string): string {
  return `${name}: nothing here to forward to`;
}

export const labels = {
  openPort: (what: string, name: string) => `Open a tunnel to ${name}, port ${what}`,
  showSession: (mapping: string, shown: Shown) => `${mapping}, ${stateName(shown).toLowerCase()}: show its session`,
  more: (n: number, name: string) => `Show ${count(n)} more ports of ${name}`,
  fewer: (name: string) => `Show fewer ports of ${name}`,
  addPort: (name: string) => `Open another port of ${name}`,
  copy: (address: string) => `Copy ${address}`,
  visit: (address: string) => `Open http://${address} in the browser`,
  stop: (what: string) => `Stop the tunnel to ${what}`,
  close: (what: string) => `Close ${what}: remove it from the list`,
  events: (what: string, n = 0) => `Events ${n > 0 ? `${count(n)} ` : ""}of the tunnel to ${what}`,
  copies: (what: string) => `Copy the tunnel to ${what} as something else`,
  details: (what: string) => `Details of the tunnel to ${what}`,
  moveTo: (pod: string) => `Send new connections to ${pod}`,
  unfold: (what: string, state: Shown) => `${what}, ${stateName(state).toLowerCase()}: show its card`,
  instead: (what: string) => `${what} instead: open it on the same local port`,
  protect: (name: string) => `Protected: ${name}`,
  context: (name: string, reach: Reach, current: boolean) => `Context ${name} ${reachName(reach)}${current ? ` · ${words.current}` : ""}`,
} as const;

/** The button that puts the pod's workload in the pod's place: `deploy/web instead`. */
export function insteadName(workload: string): string {
  return `${workload} instead`;
}

/** The button that ends a session, or clears away one that has ended. */
export function endName(phase: Phase): string {
  return isOver(phase) ? words.close : words.stop;
}

/** The banner while the engine does not answer. */
export function lostEngine(problem: Problem): string {
  return `Portolan's engine does not answer; asking again. ${problem.message}`;
}

export function copiedAddress(address: string): string {
  return `${address} copied`;
}
