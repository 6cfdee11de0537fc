import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { context, listPart, port, service, view } from "../src/dev/samples";
import type { Row } from "../src/generated/Row";
import { lineAt, offsetsOf, piecesOf } from "../src/lib/drawn";
import { stepOf } from "../src/lib/grid";
import { Listing } from "../src/lib/rows";
import Window from "../src/window/Window.svelte";

const row = (name: string, namespace = "shop") => service(name, [port(80)], { namespace });

describe("a listing", () => {
  const names = (listing: Listing, rows: ReadonlyMap<string, Row>) => listing.of(rows).map(({ row }) => `${row.namespace}/${row.name}`);

  it("is in order, and stays so as rows come, change, move and go", () => {
    const listing = new Listing();
    const rows = new Map([["1", row("web")], ["2", row("api")], ["3", row("web", "books")]]);
    expect(names(listing, rows)).toEqual(["books/web", "shop/api", "shop/web"]);
    const more = new Map(rows).set("4", row("cache")).set("0", row("a", "a"));
    expect(names(listing, more)).toEqual(["a/a", "books/web", "shop/api", "shop/cache", "shop/web"]);
    const changed = new Map(more).set("2", { ...row("api"), trouble: "no selector" });
    expect(listing.of(changed).map(({ row }) => row.trouble)).toEqual(["", "", "no selector", "", ""]);
    const moved = new Map(changed).set("0", row("z"));
    expect(names(listing, moved)).toEqual(["books/web", "shop/api", "shop/cache", "shop/web", "shop/z"]);
    moved.delete("2");
    expect(names(listing, new Map(moved))).toEqual(["books/web", "shop/cache", "shop/web", "shop/z"]);
  });

  it("makes nothing anew that has not changed", () => {
    const listing = new Listing();
    const rows = new Map([["1", row("web")], ["2", row("api")]]);
    const before = listing.of(rows);
    expect(listing.of(new Map(rows))).toBe(before);
    const [api, web] = before;
    const after = listing.of(new Map(rows).set("1", { ...row("web"), trouble: "x" }));
    expect(after[0]).toBe(api);
    expect(after[1]).not.toBe(web);
  });
});

describe("what is drawn", () => {
  const lines = Array.from({ length: 10 }, (_, n) => ({ key: `${n}` }));
  const offsets = offsetsOf(lines, { usual: 10, own: new Map([["2", 30]]) });

  it("begins where the lines above end", () => expect([...offsets]).toEqual([0, 10, 20, 50, 60, 70, 80, 90, 100, 110, 120]));
  it("is found by where it is", () => {
    expect([-5, 0, 9, 10, 49, 50, 119, 500].map((y) => lineAt(offsets, y))).toEqual([0, 0, 0, 1, 2, 3, 9, 9]);
    expect(lineAt(offsetsOf([], { usual: 10, own: new Map() }), 5)).toBe(0);
  });
  it("has gaps in the place of all others, and what must stay among them", () => {
    const told = (from: number, to: number, kept: number[] = []) => piecesOf(offsets, from, to, kept).map((piece) => ("gap" in piece ? `gap ${piece.gap}` : piece.line));
    expect(told(0, 2)).toEqual([0, 1, "gap 100"]);
    expect(told(3, 5)).toEqual(["gap 50", 3, 4, "gap 50"]);
    expect(told(8, 99)).toEqual(["gap 100", 8, 9]);
    expect(told(3, 5, [7, 0, 4, 42])).toEqual([0, "gap 40", 3, 4, "gap 20", 7, "gap 20"]);
    expect(piecesOf(offsetsOf([], { usual: 10, own: new Map() }), 0, 5, [])).toEqual([]);
  });
});

describe("a key in the list", () => {
  const key = (key: string, more = {}) => stepOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });
  it("goes somewhere", () => {
    expect(["ArrowDown", "ArrowUp", "PageDown", "Home", "ArrowLeft"].map((one) => key(one))).toEqual([
      { lines: 1 }, { lines: -1 }, { pages: 1 }, { end: "first" }, { along: -1 },
    ]);
  });
  it("is left alone with a modifier, and where it means nothing", () => {
    expect(key("ArrowDown", { ctrlKey: true })).toBeNull();
    expect(key("a")).toBeNull();
  });
});

describe("the list by keyboard", () => {
  let backend: FakeBackend;
  const names = Array.from({ length: 300 }, (_, n) => `s-${String(n).padStart(3, "0")}`);

  beforeEach(() => {
    backend = new FakeBackend();
    backend.set("kubeconfig", { part: "kubeconfig", value: { paths: [], problem: null } });
    backend.set("context/default/staging", { part: "context", value: context("staging", { reach: { state: "reachable" } }) });
    backend.set("list", listPart(view()));
    names.forEach((name) => backend.set(`row/${name}`, { part: "row", value: row(name) }));
  });

  it("is one stop of Tab, and arrows go on from there", async () => {
    render(Window, { backend });
    await screen.findByTestId("row-s-000");
    const stops = () => [...document.querySelectorAll("[data-line] [tabindex='0']")].map((stop) => stop.closest("[data-line]")?.getAttribute("data-line"));
    expect(new Set(stops())).toEqual(new Set(["row/s-000"]));
    const field = screen.getByTestId("filter");
    field.focus();
    await fireEvent.keyDown(field, { key: "ArrowDown" });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("chip-s-000-80")));
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("chip-s-001-80")));
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowRight" });
    expect(document.activeElement).toBe(screen.getByTestId("add-port-s-001"));
    await fireEvent.keyDown(document.activeElement as Element, { key: "End" });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("add-port-s-299")));
    expect(new Set(stops())).toEqual(new Set(["row/s-299"]));
    expect(screen.getByTestId("row-s-299").getAttribute("aria-rowindex")).toBe("301");
  });

  it("draws few of many rows, and says how many there are", async () => {
    render(Window, { backend });
    await screen.findByTestId("row-s-000");
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("301");
    expect(screen.getAllByTestId(/^row-/).length).toBeLessThan(100);
  });

  it("keeps the focus when its row goes away", async () => {
    render(Window, { backend });
    (await screen.findByTestId("chip-s-001-80")).focus();
    backend.remove("row/s-001");
    await waitFor(() => expect(screen.queryByTestId("row-s-001")).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("chip-s-002-80")));
  });

  it("comes back from an explanation to the row that it was asked for", async () => {
    render(Window, { backend });
    (await screen.findByTestId("explain-s-002")).focus();
    await fireEvent.click(screen.getByTestId("explain-s-002"));
    await screen.findByTestId("close-explanation");
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("chip-s-002-80")));
  });
});
