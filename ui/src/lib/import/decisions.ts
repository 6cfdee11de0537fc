// What the user has decided about a plan, and what that comes to.

import type { Decision } from "../../generated/Decision";
import type { ImportChoices } from "../../generated/ImportChoices";
import type { ImportItem } from "../../generated/ImportItem";
import type { ImportPlan } from "../../generated/ImportPlan";
import type { Mark } from "../marks";

/** About one profile. */
export interface Decided {
  readonly decision: Decision;
  /** Whether it listens for this machine only, where it came with addresses that others can reach. */
  readonly loopback: boolean;
}

/** What is done unless the user says otherwise: what is new is added, nothing of the user's is touched, nobody else gets in. */
export function byDefault(item: ImportItem): Decided {
  return { decision: item.fate.fate === "added" ? "add" : "leave_out", loopback: true };
}

/**
 * The decisions about a plan's items, after it was read anew: what was decided about an item goes on to hold while it is
 * the same item and the same question.
 */
export function carriedOver(before: ImportPlan | null, decided: readonly Decided[], now: ImportPlan): Decided[] {
  return now.items.map((item, n) => {
    const old = before?.items[n];
    const kept = decided[n];
    return old && kept && old.name === item.name && old.fate.fate === item.fate.fate ? kept : byDefault(item);
  });
}

/** How many profiles would come of it. */
export function taken(decided: readonly Decided[]): number {
  return decided.filter(({ decision }) => decision !== "leave_out").length;
}

/** As the engine takes them. */
export function choicesOf(plan: ImportPlan, decided: readonly Decided[]): ImportChoices {
  return {
    contexts: plan.contexts.map(({ name, chosen }) => ({ name, to: chosen })),
    items: plan.items.map((item, n) => ({ name: item.name, ...(decided[n] ?? byDefault(item)) })),
  };
}

/** The mark of what comes of a profile. */
export function fateMark(item: ImportItem): Mark {
  switch (item.fate.fate) {
    case "added":
      return { shape: "full", tone: "ok" };
    case "same":
      return { shape: "dash", tone: "idle" };
    case "clashes":
      return { shape: "half", tone: "wait" };
  }
}
