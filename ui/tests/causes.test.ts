import { describe, expect, it } from "vitest";

import { active, forward, problem, session, staging } from "../src/dev/samples";
import type { Phase } from "../src/generated/Phase";
import type { Problem } from "../src/generated/Problem";
import type { SessionView } from "../src/generated/SessionView";
import { causesOf, unfolded } from "../src/lib/causes";
import { heirsOf } from "../src/lib/heirs";

const prod = { source: "default", name: "prod" };
const waits = (code: Problem["code"], retry_at: number | null = null): Phase => ({
  state: "waiting", reason: problem(code, `${code}.`), needs_you: code === "login", attempt: 0, retry_at,
});
const of = (id: number, phase: Phase, context = staging): SessionView =>
  session(id, forward({ type: "service", name: "web" }, 80, { context }), 8080, phase);
const told = (...sessions: SessionView[]) =>
  causesOf(sessions).map(({ context, code, retryAt, sessions }) => [context.name, code, retryAt, sessions.map(({ id }) => id)]);

describe("a cause", () => {
  it("that several tunnels of a context share is told once, with the next try of any of them", () => {
    expect(told(of(3, waits("unreachable", 900)), of(2, active(80, "a")), of(1, waits("unreachable", 700)))).toEqual([
      ["staging", "unreachable", 700, [3, 1]],
    ]);
  });

  it("is each context's own, and each kind's", () => {
    const sessions = [
      of(1, waits("unreachable", 5)), of(2, waits("unreachable", 6), prod), of(3, waits("login")), of(4, waits("login")),
      of(5, waits("unreachable", 4), prod), of(6, waits("unreachable", 9)),
    ];
    expect(told(...sessions)).toEqual([
      ["staging", "unreachable", 5, [1, 6]],
      ["prod", "unreachable", 4, [2, 5]],
      ["staging", "login", null, [3, 4]],
    ]);
  });

  it("of one tunnel alone stays on its card", () => {
    expect(told(of(1, waits("unreachable")), of(2, waits("unreachable"), prod))).toEqual([]);
  });

  it("that is a target's own trouble is never shared", () => {
    expect(told(of(1, waits("no_ready_pod")), of(2, waits("no_ready_pod")), of(3, waits("forbidden")), of(4, waits("forbidden")))).toEqual([]);
  });

  it("folds the cards of those that wait for it, and no other", () => {
    const sessions = [of(1, waits("login")), of(2, active(80, "a")), of(3, waits("login")), of(4, waits("login"), prod)];
    expect(unfolded(sessions, causesOf(sessions)).map(({ id }) => id)).toEqual([2, 4]);
  });
});

describe("in the place of a pod that is gone", () => {
  const gone: Phase = { state: "broken", reason: problem("pod_gone", "") };
  const direct = (phase: Phase, instead: SessionView["instead"]) =>
    heirsOf(session(1, forward({ type: "pod", name: "db-0" }, 80), null, phase, { instead }));
  const owner = (kind: "deployment" | "stateful_set") => ({ type: "workload", kind, name: "db" }) as const;

  it("goes its workload, where that is known", () => {
    expect(direct(gone, owner("deployment"))?.instead).toEqual(owner("deployment"));
    expect(direct(gone, null)?.instead).toBeNull();
  });

  it("goes the next pod of its name, unless its owner names each anew", () => {
    expect(direct(gone, owner("stateful_set"))?.sameName).toBe(true);
    expect(direct(gone, null)?.sameName).toBe(true);
    expect(direct(gone, owner("deployment"))?.sameName).toBe(false);
  });

  it("goes nothing while the tunnel lives, or where there was no pod to name", () => {
    expect(direct(active(80, "db-0"), owner("stateful_set"))).toBeNull();
    expect(heirsOf(session(1, forward({ type: "service", name: "db" }, 80), null, gone))).toBeNull();
  });
});
