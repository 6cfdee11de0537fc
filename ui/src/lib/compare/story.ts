// "Show me": the experiment on the demo cluster, told by itself. Pure: what comes next stands here, who does it in
// comparing.svelte.ts.

import type { ComparisonView } from "../../generated/ComparisonView";
import type { LaneKind } from "../../generated/LaneKind";

/** Where the story is. */
export type Story =
  | { readonly step: "opening" }
  | { readonly step: "watching" }
  | { readonly step: "deleting"; readonly uid: string; readonly pod: string; readonly since: number }
  | { readonly step: "telling"; readonly pod: string; readonly since: number }
  | { readonly step: "told"; readonly pod: string };

/** So many answers of each tunnel are seen before its pod goes: four seconds of them. */
export const SEEN = 8;

/** What is shown of the demo cluster: see its manifests. */
export const DEMO = { namespace: "shop", service: "web", port: "http" } as const;

/** Where the story goes with this state of the comparison; `null` where it cannot go on. */
export function goesOn(story: Story, view: ComparisonView): Story | null {
  switch (story.step) {
    case "opening":
      return { step: "watching" };
    case "watching": {
      const { delete: permission } = view.experiment;
      if (view.state.state !== "running" || permission.may === "protected" || permission.may === "forbidden") return null;
      const pod = directPod(view);
      if (permission.may !== "yes" || pod === null || !(["service", "pod"] as const).every((kind) => seen(view, kind))) return story;
      return { step: "deleting", ...pod, since: view.account.at(-1)?.at ?? view.opened_at };
    }
    case "telling":
      return view.account.some(({ what, at }) => what === "verdict" && at > story.since) ? { step: "told", pod: story.pod } : story;
    default:
      return story;
  }
}

/** The pod that the direct tunnel leads to now. */
export function directPod(view: ComparisonView): { uid: string; pod: string } | null {
  const phase = view.lanes.find(({ kind }) => kind === "pod")?.phase;
  const endpoint = phase?.state === "active" ? phase.endpoints[0] : undefined;
  return endpoint ? { uid: endpoint.uid, pod: endpoint.pod } : null;
}

function seen(view: ComparisonView, kind: LaneKind): boolean {
  const score = view.lanes.find((lane) => lane.kind === kind)?.total;
  return score !== undefined && score.answered + score.helped >= SEEN;
}
