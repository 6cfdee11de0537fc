// The way to the pod, in one line: `svc/web:8080 → 3 pods, balanced`.

import type { Endpoint } from "../generated/Endpoint";
import type { Phase } from "../generated/Phase";
import type { SessionView } from "../generated/SessionView";
import type { Target } from "../generated/Target";
import { missing, way as say } from "./words";

/** A target in kubectl's short syntax: `svc/web`, `deploy/web`, `-l app=web`. */
export function targetName(target: Target): string {
  switch (target.type) {
    case "service":
      return `svc/${target.name}`;
    case "pod":
      return `pod/${target.name}`;
    case "selector":
      return `-l ${target.labels}`;
    case "workload": {
      const short = {
        deployment: "deploy",
        stateful_set: "sts",
        daemon_set: "ds",
        replica_set: "rs",
        replication_controller: "rc",
        job: "job",
      }[target.kind];
      return `${short}/${target.name}`;
    }
  }
}

/** The target with its ports: `svc/web:8080, 9090`. */
export function startOf(session: SessionView): string {
  const ports = session.forward.ports.map((port) => String(port.remote)).join(", ");
  return `${targetName(session.forward.target)}:${ports}`;
}

/** Where it leads now; empty once nothing is led anywhere. */
export function endOf(session: SessionView): string {
  const { phase } = session;
  switch (phase.state) {
    case "resolving":
      return say.looking;
    case "active":
      return pods(session, phase.endpoints);
    case "waiting":
      return missing(phase.reason);
    case "broken":
      return say.gone;
    case "failed":
    case "stopped":
      return "";
  }
}

/** The whole way. */
export function way(session: SessionView): string {
  const end = endOf(session);
  return end === "" ? startOf(session) : `${startOf(session)} → ${end}`;
}

/** The pods that can be gone to now, each once. */
export function podsOf(phase: Phase): Endpoint[] {
  if (phase.state !== "active") return [];
  return [...new Map(phase.endpoints.map((endpoint) => [endpoint.uid, endpoint])).values()];
}

function pods(session: SessionView, endpoints: readonly Endpoint[]): string {
  const uids = new Set(endpoints.map((endpoint) => endpoint.uid));
  const [only] = endpoints;
  if (only === undefined) return say.looking;
  if (uids.size > 1) return say.pods(uids.size, session.balance);
  const ports = [...new Set(endpoints.map((endpoint) => endpoint.port))].join(", ");
  return `${only.pod}:${ports}`;
}
