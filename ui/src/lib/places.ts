// Which place of the page shows which line. A place keeps its position among the others, so that the page reads from top to
// bottom, while what it shows changes: to make a row anew is dear, and to take a place away is dearer, since WebKit then
// paints all of what scrolls anew. So places are used again where their order allows it, and left empty for a while where not.

/** So many places may be empty; with one more, all of these go. */
const EMPTY = 96;

export interface Place<Line> {
  /** Tells it from the others for as long as it is there. */
  readonly id: number;
  /** What it shows; `null` while it is empty. */
  readonly line: Line | null;
}

export interface Rules<Line> {
  /** The same for what is the same line. */
  readonly keyOf: (line: Line) => string;
  /** Whether a line has left something in its place that no other may find there: the focus, an open input. */
  readonly holds: (line: Line) => boolean;
}

interface Usable {
  readonly id: number;
  readonly at: number | null;
}

export class Places<Line> {
  #places: readonly Place<Line>[] = [];
  #made = 0;

  constructor(private readonly rules: Rules<Line>) {}

  /**
   * The places that show these lines from now on, from top to bottom. A line that is shown already stays where it is; where
   * most give way to others, only one that holds something does, since a place is sooner changed than made.
   */
  show(lines: readonly Line[]): readonly Place<Line>[] {
    const before = this.#usable(lines);
    const staying = new Set(before.flatMap(({ at }) => at ?? []));
    const places: Place<Line>[] = [];
    let next = 0;
    const take = (id: number) => places.push({ id, line: lines[next++] ?? null });
    for (const { id, at } of before) {
      while (at !== null && next < at) take(this.#made++);
      if (next < lines.length && (at !== null || !staying.has(next))) take(id);
      else places.push({ id, line: null });
    }
    while (next < lines.length) take(this.#made++);
    const full = places.filter(({ line }) => line !== null);
    this.#places = places.length - full.length > EMPTY ? full : places;
    return this.#places;
  }

  /** The places that can be used, each with where its line is now; `null` for those that can show any. */
  #usable(lines: readonly Line[]): Usable[] {
    const { keyOf, holds } = this.rules;
    const where = new Map(lines.map((line, at) => [keyOf(line), at]));
    const before = this.#places.map(({ id, line }) => ({ id, line, at: line === null ? undefined : where.get(keyOf(line)) }));
    // Rows that only join others, or only leave them, move none: a click on its way to one would meet another.
    const shown = before.filter(({ line }) => line !== null);
    const few = shown.filter(({ at }) => at !== undefined).length < Math.min(shown.length, lines.length) / 2;
    let last = -1;
    return before.flatMap(({ id, line, at }): Usable[] => {
      // Where all is new, it goes where there are rows to be changed.
      if (line === null) return few ? [] : [{ id, at: null }];
      if ((at === undefined || few) && !holds(line)) return [{ id, at: null }];
      // It holds something of a line that is gone, or its line has gone past another.
      if (at === undefined || at < last) return [];
      last = at;
      return [{ id, at }];
    });
  }
}
