// Words on screen live in lib/words: here is looked for those that do not.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "svelte/compiler";
import { describe, expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "../src/window");
/** Attributes that people read or hear. */
const READ = new Set(["title", "aria-label", "aria-description", "aria-roledescription", "placeholder", "alt", "label"]);

describe("no component says a word of its own:", () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".svelte"));
  it.each(files)("%s", (name) => expect(literalsOf(readFileSync(join(FOLDER, name), "utf8"))).toEqual([]));

  it("which is noticed where one does", () => {
    expect(literalsOf("<p title='Hello'>a {x}</p>{#if x}<b>there</b>{/if}<i aria-label=\"{x} y\">·</i>")).toEqual(["Hello", "a", "there", "y"]);
  });
});

function literalsOf(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown, read: boolean) => {
    if (Array.isArray(node)) for (const one of node) visit(one, read);
    else if (typeof node === "object" && node !== null) {
      const { type, data, name } = node as { type?: string; data?: string; name?: string };
      if (type === "Text" && read && /\p{L}/u.test(data ?? "")) found.push((data ?? "").trim());
      const inside = type === "Attribute" ? READ.has(name ?? "") : read && type !== "StyleDirective";
      for (const [key, value] of Object.entries(node)) if (key !== "expression" && key !== "parent") visit(value, inside);
    }
  };
  visit(parse(source, { modern: true }).fragment, true);
  return found;
}
