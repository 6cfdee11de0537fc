// What can go on in the place of a direct tunnel whose pod is gone.

import type { SessionView } from "../generated/SessionView";
import type { Target } from "../generated/Target";

export interface Heirs {
  /** The workload that owned the pod. */
  readonly instead: Target | null;
  /** Whether another pod of that name may come: not where the owner is known to name each of its pods anew. */
  readonly sameName: boolean;
}

/** `null` while there is nothing to inherit. */
export function heirsOf({ phase, forward, instead }: SessionView): Heirs | null {
  if (phase.state !== "broken" || forward.target.type !== "pod") return null;
  const namesAnew = instead?.type === "workload" && instead.kind !== "stateful_set";
  return { instead, sameName: !namesAnew };
}
