import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { context, problem } from "../src/dev/samples";
import type { Changes } from "../src/generated/Changes";
import type { Problem } from "../src/generated/Problem";
import { follow } from "../src/lib/feed";

describe("follow", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function reader() {
    const news: Changes[] = [];
    const lost: (Problem | null)[] = [];
    return { news, lost, reader: { news: (one: Changes) => void news.push(one), lost: (one: Problem | null) => void lost.push(one) } };
  }

  it("asks for everything, then for what is newer", async () => {
    const backend = new FakeBackend();
    const asked = vi.spyOn(backend, "changes");
    backend.set("context/default/a", { part: "context", value: context("a") });
    const { news, reader: to } = reader();
    const stop = new AbortController();
    void follow(backend, to, stop.signal);
    await vi.advanceTimersByTimeAsync(0);
    expect(news.map((one) => one.full)).toEqual([true]);
    backend.set("context/default/b", { part: "context", value: context("b") });
    await vi.advanceTimersByTimeAsync(0);
    expect(news.map((one) => [one.full, one.changed.map(({ key }) => key)])).toEqual([
      [true, ["context/default/a"]],
      [false, ["context/default/b"]],
    ]);
    expect(asked.mock.calls.map(([after]) => after)).toEqual([0, 2, 3]);
    stop.abort();
  });

  it("does not spin if the engine answers without news", async () => {
    const asked = vi.fn(() => Promise.resolve<Changes>({ revision: 1, full: true, changed: [], removed: [] }));
    const stop = new AbortController();
    void follow({ changes: asked }, reader().reader, stop.signal);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.mock.calls.length).toBeLessThan(10);
    stop.abort();
  });

  it("says that the engine is lost, tries less and less often, and says when it is back", async () => {
    const backend = new FakeBackend();
    const asked = vi.spyOn(backend, "changes");
    const gone = problem("server", "gone");
    backend.rejects.set("changes", gone);
    const { news, lost, reader: to } = reader();
    const stop = new AbortController();
    void follow(backend, to, stop.signal);
    await vi.advanceTimersByTimeAsync(0);
    expect(lost).toEqual([gone]);
    await vi.advanceTimersByTimeAsync(60_000);
    // 250 ms, 500, 1 s, 2 s, 4 s, then every 5 s: far from a hot loop.
    expect(asked.mock.calls.length).toBeGreaterThan(10);
    expect(asked.mock.calls.length).toBeLessThan(20);
    backend.rejects.delete("changes");
    await vi.advanceTimersByTimeAsync(5000);
    expect(lost.at(-1)).toBeNull();
    expect(news).toHaveLength(1);
    stop.abort();
  });
});
