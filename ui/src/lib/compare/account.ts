// What happened, as it is marked in the ribbons and in the account.

import type { Happened } from "../../generated/Happened";
import type { Mark } from "../marks";

export function happenedMark(what: Happened): Mark {
  switch (what) {
    case "opened":
      return { shape: "dash", tone: "idle" };
    case "pod_deleted":
      return { shape: "cross", tone: "broken" };
    case "pod_ready":
      return { shape: "full", tone: "ok" };
    case "pod_not_ready":
      return { shape: "half", tone: "wait" };
    case "rolled":
      return { shape: "wave", tone: "wait" };
    case "phase":
      return { shape: "half", tone: "idle" };
    case "cut":
      return { shape: "cross", tone: "wait" };
    case "lost":
      return { shape: "empty", tone: "broken" };
    case "answered":
      return { shape: "full", tone: "ok" };
    case "verdict":
      return { shape: "square", tone: "idle" };
  }
}
