import { describe, expect, it } from "vitest";

import { active, forward, port, problem, service, session, staging } from "../src/dev/samples";
import { chipsOf, folded, openOf, openPorts } from "../src/lib/chips";
import { mapping } from "../src/lib/mapping";

const web = service("web", [port(8080, { name: "http", target: 80 }), port(9090, { name: "metrics" })]);
const to = (remote: number | string) => forward({ type: "service", name: "web" }, remote);
const texts = (...sessions: ReturnType<typeof session>[]) => chipsOf(web, openOf(staging, web, openPorts(sessions))).map(mapping);

describe("chips", () => {
  it("tell where a port leads", () => {
    expect(texts()).toEqual(["http 8080 → 80", "metrics 9090"]);
  });

  it("tell the whole mapping once open, whether it was asked for by number or by name", () => {
    expect(texts(session(1, to(8080), 18080, active(80, "a")))).toEqual([":18080 → http 8080 → 80", "metrics 9090"]);
    expect(texts(session(1, to("http"), 18080, active(80, "a")))).toEqual([":18080 → http 8080 → 80", "metrics 9090"]);
  });

  it("show an open port that is not declared", () => {
    expect(texts(session(1, to(7), 7000, active(7, "a")))).toEqual(["http 8080 → 80", "metrics 9090", ":7000 → 7"]);
  });

  it("are free again once the session is over", () => {
    expect(texts(session(1, to(8080), null, { state: "failed", error: problem("port_taken", "") }))).toEqual(texts());
  });

  it.each([
    ["context", { context: { source: "other", name: "staging" } }],
    ["namespace", { namespace: "other" }],
    ["target", { target: { type: "pod" as const, name: "web" } }],
  ])("do not take another %s's session for theirs", (_, other) => {
    expect(texts(session(1, { ...to(8080), ...other }, 8080, active(80, "a")))).toEqual(texts());
  });

  it("fold after three, but never hide an open one", () => {
    const kafka = service("kafka", Array.from({ length: 9 }, (_, n) => port(9092 + n)));
    const open = openPorts([session(1, forward({ type: "service", name: "kafka" }, 9099), 9099, active(9099, "a"))]);
    expect(folded(chipsOf(kafka, openOf(staging, kafka, open))).map((chip) => chip.remote)).toEqual([9092, 9093, 9094, 9099]);
  });

  it("never show a UDP port as open, also if TCP has the same number", () => {
    const dns = service("dns", [port(53, { protocol: "UDP" }), port(53)]);
    const open = openPorts([session(1, forward({ type: "service", name: "dns" }, 53), 8053, active(53, "a"))]);
    expect(chipsOf(dns, openOf(staging, dns, open)).map(mapping)).toEqual(["53 UDP", ":8053 → 53"]);
  });
});
