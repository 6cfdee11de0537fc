// The words of the import, of taking tunnels over from kubectl, and of what can be copied.

import type { ContextQuestion } from "../../generated/ContextQuestion";
import type { CopyAs } from "../../generated/CopyAs";
import type { Decision } from "../../generated/Decision";
import type { Imported } from "../../generated/Imported";
import type { ImportForward } from "../../generated/ImportForward";
import type { ImportItem } from "../../generated/ImportItem";
import type { ImportSource } from "../../generated/ImportSource";
import type { KubectlProcess } from "../../generated/KubectlProcess";
import type { PortMap } from "../../generated/PortMap";
import type { Problem } from "../../generated/Problem";
import { targetName } from "../way";
import { plural } from "../words";

export const importing = {
  entry: "Import",
  title: "Import and export",
  back: "Back to the list",
  paste: "Paste or drop",
  pasteWhat: "kubectl port-forward lines, a whole shell history of them, kftray’s JSON, or an export of Portolan’s. Nothing is started, and nothing is kept before you say so.",
  pasteHint: "kubectl port-forward svc/web 8080:80 -n shop",
  file: "Choose a file…",
  dropHere: "Drop it to read it",
  clear: "Clear",
  plan: "What would be added",
  contexts: "Contexts",
  leaveName: "leave the name as it is",
  sameServer: "same server",
  leftOut: "Left out",
  nothingNew: "There is nothing new in it.",
  loopback: "This machine only",
  running: "kubectl that runs now",
  runningWhat: "Portolan can take these tunnels over, on the same local ports. kubectl is ended first.",
  runningNone: "No kubectl port-forward of yours runs now.",
  runningReading: "Looking for them…",
  lookAgain: "Look again",
  takeOver: "Take over",
  assumed: "It names no context: the current one is assumed.",
  cancel: "Cancel",
  export: "Export",
  exportWhat: "All your profiles as JSON, without secrets and without this machine’s files.",
  saveExport: "Save to the downloads",
  copyExport: "Copy as JSON",
  exported: "Copied.",
  allServices: "All as profiles…",
  allServicesWhy: "Shows what would be saved, to connect to every Service of this namespace",
  oneProfile: "One profile",
  oneProfileWhy: "One profile that opens all of them",
  oneEach: "One each",
  oneEachWhy: "A profile for each Service",
  nothingToCopy: "It does not listen: there is nothing to copy.",
  readingCopies: "Reading…",
} as const;

/** What comes of a profile. */
export function fateName({ fate }: ImportItem): string {
  return { added: "new", same: "there already", clashes: "another of that name is there" }[fate.fate];
}

/** A choice about a profile whose name is taken. */
export function decisionName(decision: Decision): string {
  return { leave_out: "Keep mine", add: "Add", take_theirs: "Take theirs", keep_both: "Keep both" }[decision];
}

/** `svc/web 8080:80`. */
export function forwardName({ target, ports }: ImportForward): string {
  return `${target} ${ports.join(" ")}`;
}

/** `staging / shop`. */
export function placeName({ context, namespace }: ImportForward): string {
  return `${context} / ${namespace}`;
}

/** The button that does it. */
export function takeName(n: number): string {
  return n === 0 ? "Add" : `Add ${plural(n, "profile", "profiles")}`;
}

/** Why a context is asked about. */
export function questionText({ name, server, why }: ContextQuestion): string {
  if (why.why === "missing") return `There is no context “${name}” here${server === "" ? "" : ` (it was ${server})`}. Use`;
  return `“${name}” is ${why.here} here, and was ${server}. Use`;
}

/** What of it others can reach. */
export function reachableText(addresses: readonly string[]): string {
  return `It listens on ${addresses.join(", ")}, which others can reach.`;
}

export function keepAddresses(addresses: readonly string[]): string {
  return `Keep ${addresses.join(", ")}`;
}

/** Where the plan comes from, where that is not what was pasted. */
export function sourceName(source: ImportSource): string {
  return source.from === "text" ? importing.plan : `Services of ${source.context.name} / ${source.namespace}`;
}

/** A file that nobody would have meant. */
export function tooLarge(name: string): Problem {
  return { code: "bad_profile", message: `${name} is too large to be an export or a history.`, next: "Choose a file of less than 8 MB." };
}

/** What was done. */
export function importedText({ added, replaced, clashed }: Imported): string {
  const parts = [
    added.length > 0 ? `Added ${names(added)}.` : "",
    replaced.length > 0 ? `Replaced ${names(replaced)}; the file from before is beside it.` : "",
    clashed.length > 0 ? `Left out ${names(clashed)}: another of that name has come meanwhile.` : "",
  ];
  return parts.filter(Boolean).join(" ") || "Nothing was added.";
}

/** More than these are counted. */
const NAMED = 6;

function names(all: readonly string[]): string {
  const shown = all.slice(0, NAMED);
  const rest = all.length - shown.length;
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ");
}

/** `:8080 → 80`, where its local port is known. */
export function portName({ local, remote }: PortMap): string {
  return local.type === "fixed" ? `:${local.port} → ${remote}` : String(remote);
}

/** `pid 812`. */
export function pidName({ pid }: KubectlProcess): string {
  return `pid ${pid}`;
}

/** `3 are running: take over all`. */
export function runningTally(n: number): string {
  return n === 1 ? "1 is running" : `${n} are running`;
}

/** What is asked before a process is ended. */
export function endQuestion(processes: readonly KubectlProcess[]): string {
  const pids = processes.map(({ pid }) => String(pid));
  const which = pids.length === 1 ? `process ${pids[0]}` : `the processes ${pids.slice(0, -1).join(", ")} and ${pids.at(-1)}`;
  return `End ${which} and open ${processes.length === 1 ? "its tunnel" : "their tunnels"} here? Connections that are open now are cut.`;
}

export function endAndTake(n: number): string {
  return n === 1 ? "End it and take over" : `End ${n} and take over`;
}

/** What was taken over. */
export function takenText(n: number): string {
  return `${plural(n, "tunnel was", "tunnels were")} taken over.`;
}

export function notTaken(pid: number): string {
  return `pid ${pid} was not taken over:`;
}

/** What a copy is, for who reads and for who listens. */
export function copyName({ kind, port, text }: CopyAs): string {
  const at = port === null ? "" : ` :${port}`;
  switch (kind) {
    case "kubectl":
      return "kubectl";
    case "portolan":
      return "portolan";
    case "url":
      return `URL${at}`;
    case "curl":
      return `curl${at}`;
    case "variable":
      return `variable${at}`;
    case "client":
      return `${text.split(" ", 1)[0] ?? ""}${at}`;
  }
}

export const importLabels = {
  take: (name: string) => `Add ${name}`,
  clash: (name: string) => `What to do about ${name}`,
  reach: (name: string) => `Who can reach ${name}`,
  context: (name: string) => `The context that “${name}” means here`,
  takeOver: (process: KubectlProcess) =>
    process.offer.can === "take_over" ? `Take over ${targetName(process.offer.forward.target)} from ${pidName(process)}` : "",
  takeAll: (n: number) => `Take over all ${n}`,
} as const;
