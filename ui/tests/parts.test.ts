import { describe, expect, it } from "vitest";

import { context, listPart, port, service, view } from "../src/dev/samples";
import type { Changed } from "../src/generated/Changed";
import type { Changes } from "../src/generated/Changes";
import { apply, nothing } from "../src/lib/parts";

const staging: Changed = { key: "context/default/staging", part: { part: "context", value: context("staging") } };
const prod: Changed = { key: "context/default/prod", part: { part: "context", value: context("prod") } };
const row = (name: string): Changed => ({ key: `row/${name}`, part: { part: "row", value: service(name, [port(80)]) } });
const list: Changed = { key: "list", part: listPart(view()) };

function changes(more: Partial<Changes>): Changes {
  return { revision: 1, full: false, changed: [], removed: [], ...more };
}

describe("apply", () => {
  it("takes everything from a full answer and throws away what it had", () => {
    const before = apply(nothing, changes({ full: true, changed: [staging, row("web"), list] }));
    const after = apply(before, changes({ full: true, changed: [prod] }));
    expect([...after.contexts.keys()]).toEqual([prod.key]);
    expect(after.rows.size).toBe(0);
    expect(after.list).toBeNull();
  });

  it("keeps what an answer does not mention", () => {
    const before = apply(nothing, changes({ full: true, changed: [staging, row("web")] }));
    const after = apply(before, changes({ changed: [prod] }));
    expect([...after.contexts.keys()]).toEqual([staging.key, prod.key]);
    expect([...after.rows.keys()]).toEqual(["row/web"]);
  });

  it("removes what is gone, whatever it was", () => {
    const before = apply(nothing, changes({ full: true, changed: [staging, row("web"), row("api"), list] }));
    const after = apply(before, changes({ removed: ["row/web", "list", staging.key, "session/9"] }));
    expect([...after.rows.keys()]).toEqual(["row/api"]);
    expect(after.list).toBeNull();
    expect(after.contexts.size).toBe(0);
  });

  it("sets a key that the same answer names as removed", () => {
    const before = apply(nothing, changes({ full: true, changed: [row("web")] }));
    const after = apply(before, changes({ removed: ["row/web"], changed: [row("web")] }));
    expect(after.rows.has("row/web")).toBe(true);
  });

  it("leaves the state before alone, and the identity of what did not change", () => {
    const before = apply(nothing, changes({ full: true, changed: [staging, row("web"), row("api")] }));
    const after = apply(before, changes({ changed: [row("web")] }));
    expect(after.contexts).toBe(before.contexts);
    expect(after.rows).not.toBe(before.rows);
    expect(after.rows.get("row/api")).toBe(before.rows.get("row/api"));
    expect(before.rows.get("row/web")).not.toBe(after.rows.get("row/web"));
    expect(nothing.rows.size).toBe(0);
  });
});
