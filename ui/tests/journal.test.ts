import { describe, expect, it } from "vitest";

import { counters, event } from "../src/dev/samples";
import { toneOf, withNewer } from "../src/lib/journal";
import { clockTime, span } from "../src/lib/units";
import { details } from "../src/lib/words";
import { eventText } from "../src/lib/words/events";

/** With plain spaces. */
const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("events", () => {
  const numbers = (of: readonly { n: number }[]) => of.map(({ n }) => n);
  const some = (...ns: number[]) => ns.map((n) => event(n, "held"));

  it("stand newest first, and none of them twice", () => {
    const first = withNewer([], some(1, 2));
    expect(numbers(first)).toEqual([2, 1]);
    expect(numbers(withNewer(first, some(2, 3, 4)))).toEqual([4, 3, 2, 1]);
    expect(withNewer(first, [])).toEqual(first);
  });

  it("are as many as the engine keeps", () => {
    const many = withNewer([], Array.from({ length: 1200 }, (_, n) => event(n + 1, "held")));
    expect([many.length, many[0]?.n, many.at(-1)?.n]).toEqual([1000, 1200, 201]);
  });

  it.each([
    [event(1, "listening", { text: "127.0.0.1:8080" }), "Listening on 127.0.0.1:8080"],
    [event(1, "active", { took_ms: 412 }), "Connections can be served, after 412 ms"],
    [event(1, "waiting", { took_ms: 724_000, text: "no pod" }), "Waiting, after 12 min: no pod"],
    [event(1, "waiting", { text: "no pod" }), "Waiting: no pod"],
    [event(1, "endpoint_added", { pod: "web-7d9" }), "web-7d9 takes new connections"],
    [event(1, "endpoint_removed", { pod: "web-7d9" }), "web-7d9 takes no new connections any more"],
    [event(1, "held", { pod: "web-7d9", took_ms: 2100 }), "A connection was held for 2.1 s, then served by web-7d9"],
    [event(1, "retried", { pod: "web-7d9", text: "refused" }), "A dial to web-7d9 failed and was tried again: refused"],
    [event(1, "refused", { took_ms: 30_000, text: "no pod" }), "A connection was reset before a pod had it, after 30 s: no pod"],
    [event(1, "cut", { pod: "web-7d9", took_ms: 90, text: "reset" }), "A connection to web-7d9 was cut after 90 ms: reset"],
    [event(1, "delivered_unanswered", { pod: "web-7d9" }), "Delivered to web-7d9 and not answered: not tried again, as it may have been done"],
    [event(1, "balance", { text: "sticky" }), "New connections are sticky from here on"],
    [event(1, "moved", { pod: "web-7d9" }), "New connections go to web-7d9"],
    [event(1, "broken", { text: "gone" }), "Ended: gone"],
  ])("are sentences: %#", (of, text) => expect(plain(eventText(of))).toBe(text));

  it("that are trouble look so", () => {
    expect([toneOf(event(1, "active")), toneOf(event(1, "cut")), toneOf(event(1, "delivered_unanswered")), toneOf(event(1, "held"))]).toEqual([
      "ok", "wait", "broken", "idle",
    ]);
  });

  it("have their day once that is over", () => {
    const at = new Date(2026, 10, 20, 18, 20, 7).getTime();
    expect(clockTime(at, at + 1000)).toBe("18:20:07");
    expect(clockTime(at, at + 86_400_000)).toBe("20 Nov, 18:20");
  });
});

describe("the details", () => {
  const value = (of: Parameters<typeof counters>[0], name: string) => plain(details(counters(of)).find((one) => one.name === name)?.value ?? "");

  it("say how long the first byte took, once there was one", () => {
    expect(value({ first_byte_p50_us: 1240, first_byte_p95_us: 48_100 }, "First byte, p50 · p95")).toBe("1.2 ms · 48 ms");
    expect(value({}, "First byte, p50 · p95")).toBe("no answer yet");
  });

  it("count each thing by itself", () => {
    const of = { held: 1, cut: 2, unanswered: 3, reconnects: 4, retried: 5, served: 4318 };
    expect(["Held", "Cut", "Delivered, unanswered", "Reconnects", "Dials tried again", "Served"].map((name) => value(of, name))).toEqual([
      "1", "2", "3", "4", "5", "4,318",
    ]);
  });
});

describe("a span", () => {
  it.each([[0.34, "340 µs"], [1.24, "1.2 ms"], [999.6, "1.0 s"], [340, "340 ms"], [2100, "2.1 s"], [30_000, "30 s"], [724_000, "12 min"], [9_000_000, "3 h"]])(
    "of %d ms",
    (n, text) => expect(plain(span(n))).toBe(text),
  );
});
