import { describe, expect, it } from "vitest";

import { counters as counted, port, service } from "../src/dev/samples";
import type { Row } from "../src/generated/Row";
import { coloursOf, COLOURS, wishOf } from "../src/lib/colour";
import { asProblem } from "../src/lib/problem";
import { read } from "../src/lib/rate";
import { Listing, matching } from "../src/lib/rows";

describe("a context's colour", () => {
  const named = (name: string) => ({ source: "default", name });

  it("comes from its name", () => {
    expect(wishOf(named("staging"))).toBe(wishOf(named("staging")));
    expect(new Set(["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => wishOf(named(name)))).size).toBeGreaterThan(2);
  });

  it("differs from every other's while there are enough", () => {
    const many = Array.from({ length: COLOURS }, (_, n) => named(`cluster-${n}`));
    expect(new Set(coloursOf(many).values()).size).toBe(COLOURS);
    expect(coloursOf([...many, named("one-more")]).size).toBe(COLOURS + 1);
  });
});

describe("throughput", () => {
  const counters = (up: number, down: number) => counted({ bytes_up: up, bytes_down: down });

  it("is what the counters grew by, a second", () => {
    const first = read(null, counters(100, 1000), 0);
    expect(read(first, counters(300, 5000), 2000)).toMatchObject({ upRate: 100, downRate: 2000 });
  });

  it("is nothing while they stand still, and at first", () => {
    const first = read(null, counters(100, 1000), 0);
    expect(first).toMatchObject({ upRate: 0, downRate: 0 });
    expect(read(first, counters(100, 1000), 1000)).toMatchObject({ upRate: 0, downRate: 0 });
  });
});

describe("rows", () => {
  const rows = new Map<string, Row>([
    ["row/1", service("web", [port(8080, { name: "http" })], { namespace: "shop" })],
    ["row/2", service("api", [port(3000)], { namespace: "shop", trouble: "no selector" })],
    ["row/3", service("web", [port(9090)], { namespace: "books" })],
  ]);
  const names = (filter: string) => matching(new Listing().of(rows), filter).map(({ row }) => `${row.namespace}/${row.name}`);

  it("are in order", () => expect(names("")).toEqual(["books/web", "shop/api", "shop/web"]));
  it("match every word", () => expect(names("WEB shop")).toEqual(["shop/web"]));
  it("match a port's number and name", () => {
    expect(names("3000")).toEqual(["shop/api"]);
    expect(names("http")).toEqual(["shop/web"]);
  });
  it("match trouble", () => expect(names("selector")).toEqual(["shop/api"]));
  it("may all be left out", () => expect(names("nothing")).toEqual([]));
});

describe("what a rejected call becomes", () => {
  it("is the engine's problem as it is", () => {
    const problem = { code: "not_tcp", message: "a", next: "b" } as const;
    expect(asProblem(problem)).toBe(problem);
  });
  it("is a problem also where Tauri itself failed", () => {
    expect(asProblem("command look not found").message).toBe("command look not found");
    expect(asProblem(new Error("closed")).message).toBe("closed");
  });
});
