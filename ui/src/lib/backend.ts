// The seam between the window and the engine. Everything the window asks for goes through `Backend`, so that tests and
// a plain browser can run it without Tauri.

import type { Balance } from "../generated/Balance";
import type { Change } from "../generated/Change";
import type { Changes } from "../generated/Changes";
import type { ContextId } from "../generated/ContextId";
import type { Explanation } from "../generated/Explanation";
import type { Forward } from "../generated/Forward";
import type { ListKind } from "../generated/ListKind";
import type { Method } from "../generated/Method";
import type { OpenConnections } from "../generated/OpenConnections";
import type { PortMap } from "../generated/PortMap";
import type { PortRef } from "../generated/PortRef";
import type { Probe } from "../generated/Probe";
import type { ProbePorts } from "../generated/ProbePorts";
import type { SessionEvent } from "../generated/SessionEvent";
import type { SessionId } from "../generated/SessionId";
import type { Target } from "../generated/Target";
import type { View } from "../generated/View";
import type { Carrying } from "./import/carrying";
import type { ProfilesBackend } from "./profiles/backend";

/** What the engine does for the window. Every promise rejects with a `Problem`. */
export interface Backend extends Carrying, ProfilesBackend {
  /** Waits until there is something newer than `after`; 0 asks for everything. */
  changes(after: number): Promise<Changes>;
  /** Says which list is looked at; its rows then arrive as changes. `null`: none. */
  look(view: View | null): Promise<void>;
  /** Opens a tunnel. */
  start(forward: Forward): Promise<SessionId>;
  /** Reads `[local:]remote`. The grammar is the engine's, so that the command and the window agree. */
  parsePort(text: string): Promise<PortMap>;
  /** Reads a name or `svc/name`; a bare name is of the list that it is typed beside. */
  parseTarget(text: string, list: ListKind): Promise<Target>;
  /** Ends a session and removes its card. */
  stop(id: SessionId): Promise<void>;
  /** Skips the wait before the next try. */
  retry(id: SessionId): Promise<void>;
  /** Spreads a session's new connections otherwise. */
  setBalance(id: SessionId, balance: Balance): Promise<void>;
  /** Sends a session's new connections to one pod, which makes it sticky. */
  moveTo(id: SessionId, uid: string): Promise<void>;
  /** What happened to a session after its event number `after`, oldest first: of the last 1,000. */
  events(id: SessionId, after: number): Promise<SessionEvent[]>;
  /** A session's connections as they are now. */
  connections(id: SessionId): Promise<OpenConnections>;
  /** Leaves a session's events as lines of JSON in the user's downloads; in which file. `null` if there is no such session. */
  saveEvents(id: SessionId): Promise<string | null>;
  /** Puts the workload that owns a direct tunnel's pod in its place; `null` where none is known. */
  instead(id: SessionId): Promise<SessionId | null>;
  /** Puts a tunnel to the next pod of the same name in a direct tunnel's place; `null` if there is no such session. */
  waitForName(id: SessionId): Promise<SessionId | null>;
  /** Has all sessions of a context try again with credentials of now. */
  signIn(context: ContextId): Promise<void>;
  /** Puts text on the clipboard. */
  copy(text: string): Promise<void>;
  /** Opens a session's address in the browser; `slot` is an index into its forward's ports. */
  visit(id: SessionId, slot: number): Promise<void>;
  /** Looks for kubeconfig files again. */
  reloadKubeconfig(): Promise<void>;
  /** Starts the demo cluster, unless it runs; its context, which then arrives as a change. */
  demo(): Promise<ContextId>;
  /** Marks a context as protected, or takes the mark away. */
  protect(context: ContextId, protect: boolean): Promise<void>;
  /** Opens the comparison of a Service's port, which then arrives as a change. Another one is closed. */
  compare(context: ContextId, namespace: string, service: string, port: PortRef): Promise<void>;
  /** Begins to probe where that waits for the user. */
  startComparison(): Promise<void>;
  /** Changes what each probe of the comparison does. */
  askComparison(method: Method, path: string): Promise<void>;
  /** Deletes a pod that the comparison has met, if it still is the one of this UID. */
  deleteComparedPod(uid: string): Promise<void>;
  /** Rolls the Deployment behind the comparison: on the demo cluster only. */
  rollCompared(): Promise<void>;
  /** Closes the comparison: its tunnels end and nothing is probed any more. */
  closeComparison(): Promise<void>;
  /** The comparison's probes after number `after`, oldest first: of the last two minutes. */
  probes(after: number): Promise<Probe[]>;
  /** The comparison's result as Markdown. */
  comparisonMarkdown(): Promise<string>;
  /** Leaves the comparison's result as JSON in the user's downloads; in which file. */
  saveComparison(): Promise<string>;
  /** What is to be said of a Service; `ports` says which of its ports are asked. */
  explain(context: ContextId, namespace: string, service: string, ports: ProbePorts): Promise<Explanation>;
  /** Changes a setting, which then arrives as a change. It holds also where it cannot be kept, and then this rejects. */
  changeSetting(change: Change): Promise<void>;
  /** Has the desktop told nothing of a session, or of it again. */
  silence(id: SessionId, silent: boolean): Promise<void>;
}
