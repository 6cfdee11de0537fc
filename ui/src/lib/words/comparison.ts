// The words of the comparison.

import type { Asking } from "../../generated/Asking";
import type { ComparisonState } from "../../generated/ComparisonState";
import type { Experiment } from "../../generated/Experiment";
import type { Happened } from "../../generated/Happened";
import type { HopKind } from "../../generated/HopKind";
import type { HttpBy } from "../../generated/HttpBy";
import type { Kept } from "../../generated/Kept";
import type { LaneKind } from "../../generated/LaneKind";
import type { Method } from "../../generated/Method";
import type { NotStarted } from "../../generated/NotStarted";
import type { PodMet } from "../../generated/PodMet";
import type { Probe } from "../../generated/Probe";
import type { RowPort } from "../../generated/RowPort";
import type { Score } from "../../generated/Score";
import { asked, shareAnswered, type Standing } from "../compare/lanes";
import { letterOf } from "../compare/pods";
import type { Story } from "../compare/story";
import { clockTime, span } from "../units";
import { count, plural, stateName } from "../words";

export const compare = {
  title: "Service beside pod",
  compare: "Compare",
  compareWhy: "Compare the tunnel to this Service with the one to a pod of it",
  whichPort: "Compare which port?",
  back: "List",
  close: "Close",
  anew: "Begin anew",
  anewWhy: "Open the comparison again: the direct tunnel names a pod that exists now",
  copyMarkdown: "Copy as Markdown",
  copiedMarkdown: "Copied",
  saveJson: "Save JSON",
  savedTo: "Saved to",
  explain: "Explain",
  start: "Start",
  roll: "Roll the Deployment",
  rollWhy: "Replace every pod of the Deployment, one after the other, as `kubectl rollout restart` does",
  showMe: "Show me",
  showMeWhy: "On the demo cluster: open both tunnels to a Service, delete a pod, and see what becomes of each",
  onDemo: "Show it on the demo cluster",
  deleteNone: "No pod to delete now",
  deleteUnknown: "Finding out whether you may delete a pod here…",
  deleteWord: "Delete",
  confirm: "Delete this pod",
  keep: "Keep it",
  opening: "Opening both tunnels…",
  noProbes: "Nothing has been asked yet.",
  method: "Each probe",
  path: "Path",
  ask: "Ask so",
  pods: "Pods",
  legend: "How probes are drawn",
  helped: "held or dialled again by Portolan",
  lost: "not answered",
  account: "What happened",
  noAccount: "Nothing has happened yet.",
  facts: "What never changes",
  factsWhy: "true of every Service and every pod",
  way: "The way",
  now: "now",
  kept: "Kept open",
  cuts: "Cut",
  cutsWhy: "Open connections of this lane that were cut",
  byPod: "By pod",
  recent: "in the last two minutes",
  unknownPod: "a pod that did not say its name",
  sideEntry: "Comparison",
} as const;

/** `web : http`. */
export function comparedName(service: string, port: Pick<RowPort, "name" | "port">): string {
  return `${service} : ${port.name || port.port}`;
}

/** The name of a lane. */
export function laneName(kind: LaneKind): string {
  return { service: "Service tunnel", pod: "Direct pod tunnel", node_port: "NodePort" }[kind];
}

/** What a lane stands at, in a word. */
export function standingName(standing: Standing): string {
  switch (standing) {
    case "answers":
      return "Answers";
    case "silent":
      return "Does not answer";
    case "unasked":
      return "Not asked yet";
    default:
      return stateName(standing);
  }
}

/** What a comparison does, in a word. */
export function stateWord(state: ComparisonState, asking: Asking): string {
  switch (state.state) {
    case "not_started":
      return "Not started";
    case "running":
      return asking.every_ms < 1000 ? `Running, ${count(Math.round(1000 / asking.every_ms))} probes a second` : `Running, a probe every ${span(asking.every_ms)}`;
    case "failed":
      return "Failed";
  }
}

/** Why it waits for a click. */
export function notStarted(because: NotStarted): string {
  return {
    protected: "This context is marked protected, so nothing is probed before you start it.",
    not_http: "This port does not look like HTTP. Half-open logins fill a database's log and can lock clients out, so nothing is probed before you start it; then it is one connection in 5 s, on which nothing is sent.",
  }[because];
}

export function methodName(method: Method): string {
  return { get: "GET", head: "HEAD", connect: "connect only" }[method];
}

/** Why the port is asked as it is. */
export function httpBy(by: HttpBy | null): string {
  if (by === null) return "The port does not look like HTTP";
  const why = { app_protocol: "its appProtocol says so", name: "its name says so", number: "its number says so", first_bytes: "it spoke so", user: "you said so" }[by];
  return `Taken for HTTP: ${why}`;
}

/** What a hop of a way is. */
export function hopName(kind: HopKind): string {
  return {
    local: "this machine",
    api_server: "API server",
    choice: "Portolan picks, for each connection",
    kubelet: "kubelet",
    pod_localhost: "localhost in the pod",
    node: "node",
    cluster_ip: "kube-proxy there",
    pod_ip: "a ready pod",
  }[kind];
}

/** `A web-c2f7q`. */
export function podNamed(place: number | null, pods: readonly PodMet[]): string {
  const pod = place === null ? undefined : pods[place];
  return place === null || pod === undefined ? compare.unknownPod : `${letterOf(place)} ${pod.name}`;
}

/** The connection that a lane keeps open. */
export function keptText(kept: Kept, pods: readonly PodMet[], now: number): string {
  const to = "pod" in kept && kept.pod !== null ? podNamed(kept.pod, pods) : "";
  switch (kept.kept) {
    case "none":
      return "none";
    case "open":
      return `since ${clockTime(kept.since, now)}${to && `, to ${to}`}`;
    case "cut":
      return `cut at ${clockTime(kept.at, now)}${to && `, with ${to}`}`;
  }
}

/** A number of a lane, with what it means. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly why: string;
  readonly tone: "ok" | "wait" | "broken" | null;
}

/** A lane's numbers: of the last two minutes, and in `why` of all. */
export function figures(recent: Score, total: Score): Figure[] {
  const share = shareAnswered(recent);
  const all = asked(recent);
  const inAll = (n: number) => `${count(n)} of ${count(asked(total))} in all`;
  return [
    { name: "answered", value: share === null ? "–" : `${share} %`, why: `Answered without help. ${inAll(total.answered)}`, tone: all > 0 && recent.answered === all ? "ok" : null },
    { name: "helped", value: count(recent.helped), why: `Answered after Portolan held or dialled again. ${inAll(total.helped)}`, tone: recent.helped > 0 ? "wait" : null },
    { name: "lost", value: count(recent.lost), why: `Not answered. ${inAll(total.lost)}`, tone: recent.lost > 0 ? "broken" : null },
    { name: "p50", value: micros(recent.p50_us), why: "Half of those that were answered took at most this long", tone: null },
    { name: "p95", value: micros(recent.p95_us), why: "95 of 100 that were answered took at most this long", tone: null },
    { name: "longest", value: micros(recent.longest_us), why: `The longest that was answered; ${micros(total.longest_us)} of all`, tone: null },
  ];
}

function micros(us: number | null): string {
  return us === null ? "–" : span(us / 1000);
}

/** One probe in a line. */
export function probeText({ at, took_us, pod, outcome }: Probe, pods: readonly PodMet[]): string {
  const when = clockTime(at, at);
  const took = span(took_us / 1000);
  if (outcome.outcome === "lost") return `${when} · lost after ${took}: ${outcome.why}`;
  const how = { answered: "answered", held: "held, then answered", again: "dialled again, then answered" }[outcome.outcome];
  const status = outcome.status === null ? "" : ` · ${outcome.status}`;
  return `${when} · ${how} by ${podNamed(pod, pods)} in ${took}${status}`;
}

/** What a ribbon shows, for who does not see it. */
export function ribbonText(kind: LaneKind, { answered, helped, lost }: Score): string {
  return `${laneName(kind)}, ${compare.recent}: ${count(answered)} answered, ${count(helped)} helped, ${count(lost)} lost`;
}

/** What happened, in a word. */
export function happenedName(what: Happened): string {
  return {
    opened: "Opened",
    pod_deleted: "Pod deleted",
    pod_ready: "Pod ready",
    pod_not_ready: "Pod not ready",
    rolled: "Rolled",
    phase: "Phase",
    cut: "Cut",
    lost: "Lost",
    answered: "Answered",
    verdict: "Verdict",
  }[what];
}

/** The question before a pod is deleted: it names all that one could have mistaken. */
export function deleteQuestion(pod: string, namespace: string, context: string): { before: string; pod: string; between: string; namespace: string; then: string; context: string; after: string } {
  return {
    before: "Delete pod ", pod, between: " in namespace ", namespace, then: " of context ", context,
    after: "? Its open connections are cut. Whatever owns it makes another in its place; a pod that nothing owns does not come back.",
  };
}

export function deleteName(pod: string): string {
  return `Delete ${pod}…`;
}

/** Why the experiment is shown elsewhere. */
export function whyElsewhere(may: Experiment["delete"]["may"]): string {
  return may === "protected" ? "This context is marked protected: nothing is deleted here." : "You may not delete pods here.";
}

/** What the story says while it goes on. */
export function storyText(story: Story): string {
  switch (story.step) {
    case "opening":
      return "Two tunnels are being opened: one to the Service web, one to a single pod behind it.";
    case "watching":
      return "Each way is asked twice a second, over a new connection each time. The colour, the pattern and the letter say which pod answered. In a moment the direct tunnel's pod is deleted.";
    case "deleting":
      return `${story.pod} is being deleted.`;
    case "telling":
      return `${story.pod} is gone. The direct tunnel named that pod, so it ends with it. The Service names whatever is ready: its next connection goes to another pod. What was open is cut either way.`;
    case "told":
      return "That is the difference. The account below says what it cost each way.";
  }
}

/** What never changes, for each lane. */
export const facts: readonly { readonly name: string; readonly of: Readonly<Record<LaneKind, string>> }[] = [
  {
    name: "Names",
    of: { service: "whatever is ready behind the selector, watched", pod: "one pod, by its UID", node_port: "a port on every node, which leads to the Service" },
  },
  {
    name: "When its pod goes",
    of: {
      service: "the next connection goes to another ready pod; it is held while there is none",
      pod: "it ends, and its port closes",
      node_port: "the next connection goes to another ready pod; it is refused while there is none",
    },
  },
  {
    name: "Open connections",
    of: { service: "die with their pod", pod: "die with the pod", node_port: "die with their pod" },
  },
  {
    name: "Balances",
    of: { service: "Portolan, each connection, as kube-proxy would", pod: "nothing: there is one pod", node_port: "kube-proxy on that node, each connection" },
  },
  {
    name: "Goes by",
    of: {
      service: "API server, kubelet, localhost in the pod: past ClusterIP, NetworkPolicy and mesh",
      pod: "API server, kubelet, localhost in the pod: past ClusterIP, NetworkPolicy and mesh",
      node_port: "the node's kernel to the pod's own address, as the cluster's traffic does",
    },
  },
  {
    name: "Protocols",
    of: { service: "TCP, and what runs on it", pod: "TCP, and what runs on it", node_port: "TCP, UDP, SCTP" },
  },
  {
    name: "Lasts",
    of: { service: "while Portolan runs", pod: "while that pod lives and Portolan runs", node_port: "while the Service exists" },
  },
  {
    name: "Who can reach it",
    of: { service: "programs on this machine", pod: "programs on this machine", node_port: "whoever reaches a node" },
  },
  {
    name: "For",
    of: { service: "daily development", pod: "looking into that one pod", node_port: "demos and tests: no failover from a dead node" },
  },
];

/** `Compare web, port http`. */
export const compareLabels = {
  compare: (name: string) => `Compare ${name}: its Service beside one pod`,
  comparePort: (name: string, port: RowPort) => `Compare ${comparedName(name, port)}`,
  copy: (what: string) => `Copy ${what}`,
  lane: (kind: LaneKind) => laneName(kind),
  byPod: (kind: LaneKind) => `Answers by pod, ${laneName(kind)}`,
  podCount: (n: number) => plural(n, "answer", "answers"),
} as const;
