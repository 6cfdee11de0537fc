// The shapes of findings and of verdicts.

import type { Severity } from "../../generated/Severity";
import type { Verdict } from "../../generated/Verdict";
import type { Mark } from "../marks";

export function severityMark(severity: Severity): Mark {
  switch (severity) {
    case "error":
      return { shape: "cross", tone: "broken" };
    case "warning":
      return { shape: "triangle", tone: "wait" };
    case "note":
      return { shape: "square", tone: "idle" };
  }
}

export function verdictMark({ verdict }: Verdict): Mark {
  switch (verdict) {
    case "answers":
      return { shape: "full", tone: "ok" };
    case "silent":
      return { shape: "cross", tone: "broken" };
    case "not_probed":
      return { shape: "dash", tone: "idle" };
    case "in_cluster_only":
      return { shape: "square", tone: "idle" };
    case "not_configured":
      return { shape: "empty", tone: "idle" };
  }
}
