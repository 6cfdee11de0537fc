import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { context, listPart, port, problem, service, view } from "../src/dev/samples";
import type { Problem } from "../src/generated/Problem";
import type { Row } from "../src/generated/Row";
import { drawnOf, lineAt, offsetsOf } from "../src/lib/drawn";
import { stepOf } from "../src/lib/grid";
import { Places } from "../src/lib/places";
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
  it("is what is in sight, and what must stay, in order", () => {
    expect(drawnOf(10, 0, 2, [])).toEqual([0, 1]);
    expect(drawnOf(10, 8, 99, [])).toEqual([8, 9]);
    expect(drawnOf(10, 3, 5, [7, 1, 0, 4, 42])).toEqual([0, 1, 3, 4, 7]);
    expect(drawnOf(0, 0, 5, [2])).toEqual([]);
  });
});

describe("places", () => {
  const places = (held = "") => {
    const all = new Places<string>({ keyOf: (line) => line, holds: (line) => held.includes(line) });
    return (lines: string) => all.show([...lines]).map(({ id, line }) => `${id}${line ?? ""}`).join(" ");
  };

  it("keep what they show while that is shown, and are in order", () => {
    const show = places();
    expect(show("abc")).toBe("0a 1b 2c");
    expect(show("bcd")).toBe("0 1b 2c 3d");
    expect(show("bxcd")).toBe("0 1b 4x 2c 3d");
  });

  it("stay with what they show however much joins it", () => {
    const show = places();
    expect(show("dh")).toBe("0d 1h");
    expect(show("abcdefghi")).toBe("2a 3b 4c 0d 5e 6f 7g 1h 8i");
  });

  it("are used again, from the top, where their order allows it", () => {
    const show = places();
    show("abc");
    expect(show("xyz")).toBe("0x 1y 2z");
    expect(show("xq")).toBe("0x 1q 2");
    expect(show("xqv")).toBe("0x 1q 2v");
    expect(show("q")).toBe("0 1q 2");
    expect(show("pq")).toBe("0p 1q 2");
  });

  it("change what they show where most of it is new, but for what holds something", () => {
    const show = places();
    show("abcd");
    expect(show("cxyz")).toBe("0c 1x 2y 3z");
    expect(show("yzab")).toBe("0 1 2y 3z 4a 5b");
    expect(show("pqr")).toBe("2p 3q 4r 5");
    const held = places("b");
    held("abcd");
    expect(held("bxyz")).toBe("0 1b 2x 3y 4z");
  });

  it("show nothing else once a line that is gone has left something in them", () => {
    const show = places("b");
    show("abc");
    expect(show("axc")).toBe("0a 3x 2c");
  });

  it("make room for a line that has gone past another", () => {
    const show = places();
    show("abc");
    expect(show("bac")).toBe("3b 0a 2c");
  });

  it("do not stay empty in any number", () => {
    const show = places();
    const all = Array.from({ length: 120 }, (_, n) => String.fromCharCode(200 + n)).join("");
    show(all);
    expect(show(all.slice(30)).split(" ")).toHaveLength(120);
    expect(show(all.slice(119))).toBe(`119${all.slice(119)}`);
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

  const shown = () => [...document.querySelectorAll("[data-line]")].map((line) => line.getAttribute("data-line"));
  const filter = (text: string) => fireEvent.input(screen.getByTestId("filter"), { target: { value: text } });

  it("draws other rows with what it has, from top to bottom", async () => {
    render(Window, { backend });
    const first = (await screen.findByTestId("row-s-000")).closest("[data-line]");
    await filter("s-1");
    await screen.findByTestId("row-s-100");
    expect(screen.queryByTestId("row-s-000")).toBeNull();
    expect(screen.getByTestId("row-s-100").closest("[data-line]")).toBe(first);
    expect(screen.getByTestId("chip-s-100-80").getAttribute("aria-label")).toContain("s-100");
    const list = screen.getByTestId("rows");
    for (const top of [350, 1400, 700]) {
      list.scrollTop = top;
      await fireEvent.scroll(list);
      expect(shown()).toContain(`row/s-${100 + top / 35}`);
      expect(shown()).toEqual(shown().toSorted());
    }
  });

  it("keeps an open input with its row, and with no other", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("add-port-s-003"));
    const input = await screen.findByTestId<HTMLInputElement>("add-port-input");
    await fireEvent.input(input, { target: { value: "8080:" } });
    await filter("s-003");
    await waitFor(() => expect(shown()).toEqual(["row/s-003"]));
    expect(screen.getByTestId("add-port-input")).toBe(input);
    expect(input.value).toBe("8080:");
    await filter("s-1");
    await screen.findByTestId("row-s-100");
    expect(screen.queryByTestId("add-port-input")).toBeNull();
    await filter("");
    await screen.findByTestId("row-s-003");
    expect(screen.queryByTestId("add-port-input")).toBeNull();
  });

  it("tells what became of a click in the row that was clicked, or not at all", async () => {
    render(Window, { backend });
    let refuse: (why: Problem) => void = () => undefined;
    backend.start = () => new Promise((_, reject) => (refuse = reject));
    await fireEvent.click(await screen.findByTestId("chip-s-001-80"));
    await filter("s-1");
    await screen.findByTestId("row-s-101");
    refuse(problem("server", "No."));
    // Whatever hangs on the refusal has happened by the next task, and is drawn.
    await new Promise((resolve) => setTimeout(resolve));
    await tick();
    expect(screen.queryByTestId("problem")).toBeNull();
  });
});
