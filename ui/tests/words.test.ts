import { describe, expect, it } from "vitest";

import { active, forward, problem, session } from "../src/dev/samples";
import type { Phase } from "../src/generated/Phase";
import { stateMark } from "../src/lib/marks";
import { halves } from "../src/lib/name";
import { age, bytes } from "../src/lib/units";
import { way } from "../src/lib/way";
import { insteadOf, sessionsTally, stateName, terminating, waitingFor } from "../src/lib/words";

const why = problem("no_ready_pod", "none");
const waiting = (more: object = {}) =>
  ({ state: "waiting", reason: why, needs_you: false, attempt: 0, retry_at: null, ...more }) as Extract<Phase, { state: "waiting" }>;

const phases: Phase[] = [
  { state: "resolving" },
  active(80, "a"),
  waiting(),
  { state: "broken", reason: why },
  { state: "failed", error: why },
  { state: "stopped" },
];

describe("phases", () => {
  it("have a word each", () => {
    expect(phases.map(({ state }) => stateName(state))).toEqual(["Resolving", "Active", "Waiting", "Broken", "Failed", "Stopped"]);
  });

  it("have a shape each, so that colour is never alone", () => {
    expect(new Set(phases.map(({ state }) => stateMark(state).shape)).size).toBe(phases.length);
  });

  it("are tallied without zeroes", () => {
    const to = forward({ type: "service", name: "web" }, 80);
    const sessions = [active(80, "a"), waiting(), active(80, "b")].map((phase, id) => session(id, to, 8080, phase));
    expect(sessionsTally(sessions)).toBe("2 active, 1 waiting");
  });
});

describe("waiting", () => {
  it("watches, without a countdown, while a watch is open", () => {
    expect(waitingFor(waiting(), 0)).toBe("Watching: connects as soon as a pod is ready");
  });

  it("counts down while the API server is asked again", () => {
    expect(waitingFor(waiting({ retry_at: 10_000, attempt: 4 }), 7_400)).toBe("Trying again in 3 s · attempt 4");
    expect(waitingFor(waiting({ retry_at: 10_000, attempt: 1 }), 11_000)).toBe("Trying again now · attempt 1");
  });

  it("says of a pod on its way out when it goes, and what the tunnel does then", () => {
    expect(terminating(10_000, 7_400, false)).toBe("The pod is on its way out: gone in 3 s. The tunnel ends with it.");
    expect(terminating(10_000, 11_000, true)).toBe("The pod is on its way out: gone any moment. The tunnel goes on with the next one of its name.");
  });

  it("tells by the code what it watches for, not by the text", () => {
    expect(waitingFor(waiting({ reason: problem("target_not_found", "none") }), 0)).toBe("Watching: connects as soon as it is there");
    expect(waitingFor(waiting({ reason: problem("login", "none"), needs_you: true }), 0)).toBe("Connects as soon as you have signed in");
    expect(waitingFor(waiting({ reason: problem("forbidden", "none"), needs_you: true }), 0)).toBe(
      "Watching: connects as soon as this is changed",
    );
  });
});

describe("the way", () => {
  const svc = forward({ type: "service", name: "web" }, 8080);

  it.each([
    ["several pods", session(1, svc, 8080, active(80, "a", "b", "c")), "svc/web:8080 → 3 pods, balanced"],
    ["one pod", session(1, svc, 8080, active(80, "web-7d9")), "svc/web:8080 → web-7d9:80"],
    ["no pod", session(1, svc, 8080, waiting()), "svc/web:8080 → no ready pod"],
    ["no API server", session(1, svc, 8080, waiting({ reason: problem("unreachable", "") })), "svc/web:8080 → API server not reached"],
    ["not known yet", session(1, svc, 8080, { state: "resolving" }), "svc/web:8080 → looking…"],
    ["a pod that went", session(1, forward({ type: "pod", name: "c-1" }, 6379), null, { state: "broken", reason: why }), "pod/c-1:6379 → gone"],
    ["an end", session(1, svc, null, { state: "failed", error: why }), "svc/web:8080"],
    ["a workload", session(1, forward({ type: "workload", kind: "stateful_set", name: "db" }, "pg"), 1, active(1, "a", "b")), "sts/db:pg → 2 pods, sticky"],
    ["a selector", session(1, forward({ type: "selector", labels: "app=web" }, 80), 1, { state: "stopped" }), "-l app=web:80"],
  ])("to %s", (_, of, text) => {
    expect(way(of)).toBe(text);
  });

  it("counts a pod that serves two ports once", () => {
    const both: Phase = {
      state: "active",
      endpoints: [
        { slot: 0, pod: "a", uid: "1", port: 80 },
        { slot: 1, pod: "a", uid: "1", port: 9090 },
      ],
    };
    expect(way(session(1, svc, 8080, both))).toBe("svc/web:8080 → a:80, 9090");
  });
});

describe("the local port that was taken", () => {
  it("names who has it, where that is known", () => {
    expect(insteadOf(5433, { port: 5432, holder: { type: "process", name: "postgres", pid: 812 } })).toBe(":5433 · 5432 is held by postgres (pid 812)");
    expect(insteadOf(8081, { port: 8080, holder: { type: "our_session" } })).toBe(":8081 · 8080 is held by another session");
    expect(insteadOf(5433, { port: 5432, holder: null })).toBe(":5433 · 5432 is taken");
  });
});

describe("a long name", () => {
  it("keeps its end, which tells two pods apart", () => {
    expect(halves("web-7d9f86c5b4-x2v9q")).toEqual({ start: "web-7d9f86c5", end: "b4-x2v9q" });
  });

  it("loses nothing: what is cut is only hidden", () => {
    for (const name of ["web", "postgres-0", "web-7d9f86c5b4-x2v9q", "a".repeat(63)]) {
      const { start, end } = halves(name);
      expect(start + end).toBe(name);
    }
  });

  it("is left whole when it is short", () => {
    expect(halves("postgres-0").end).toBe("");
  });
});

describe("units", () => {
  it.each([[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [999_600, "1.0 MB"], [3_200_000, "3.2 MB"], [123_000_000, "123 MB"]])(
    "of %d bytes",
    (n, text) => expect(bytes(n)).toBe(text),
  );

  it.each([[-5, "0s"], [40_000, "40s"], [12 * 60_000, "12m"], [5 * 3_600_000, "5h"], [72 * 3_600_000, "3d"]])("of %d ms", (n, text) =>
    expect(age(n)).toBe(text),
  );
});
