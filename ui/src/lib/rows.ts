// The rows as they are listed: in order, and narrowed by the filter. A list has ten thousand rows and changes five times a
// second; what did not change is neither sorted nor made anew.

import type { Row } from "../generated/Row";

/** A line of the list: the same object for as long as its row is. */
export interface Line {
  readonly key: string;
  readonly row: Row;
  /** What it is searched by: made as it comes, since the first key of a word in the filter must not wait for ten thousand. */
  readonly text: string;
}

/** Keeps rows in order: by namespace, then by name. Kubernetes names are plain ASCII; a collator would cost more than the list. */
export class Listing {
  #rows: ReadonlyMap<string, Row> = new Map();
  #lines: readonly Line[] = [];
  #byKey = new Map<string, Line>();

  /** The lines of these rows; the same array as before if nothing has changed. */
  of(rows: ReadonlyMap<string, Row>): readonly Line[] {
    if (rows === this.#rows) return this.#lines;
    this.#rows = rows;
    const fresh: Line[] = [];
    const moved = new Set<Line>();
    let changed = false;
    for (const [key, row] of rows) {
      const before = this.#byKey.get(key);
      if (before?.row === row) continue;
      changed = true;
      const line = { key, row, text: textOf(row) };
      this.#byKey.set(key, line);
      if (before && inPlace(before, line) === 0) continue;
      moved.add(line);
      fresh.push(line);
    }
    if (this.#byKey.size > rows.size) {
      changed = true;
      for (const key of this.#byKey.keys()) if (!rows.has(key)) this.#byKey.delete(key);
    }
    if (changed) this.#lines = merged(this.#still(moved), fresh.sort(inPlace));
    return this.#lines;
  }

  /** What was there and still is, in the order it had. */
  #still(moved: ReadonlySet<Line>): Line[] {
    const still: Line[] = [];
    for (const { key } of this.#lines) {
      const line = this.#byKey.get(key);
      if (line && !moved.has(line)) still.push(line);
    }
    return still;
  }
}

/** The lines that hold every word of the filter in their name, namespace, ports or trouble. */
export function matching(lines: readonly Line[], filter: string): readonly Line[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return lines;
  return lines.filter(({ text }) => wanted.every((word) => text.includes(word)));
}

function textOf(row: Row): string {
  const ports = row.ports.flatMap((port) => [port.name, port.port, port.node_port ?? ""]);
  const { facts } = row;
  const kind = facts.kind === "service" ? facts.service_type : facts.kind === "workload" ? facts.workload : facts.status;
  return [row.name, row.namespace, kind, row.trouble, ...ports].join(" ").toLowerCase();
}

function merged(a: readonly Line[], b: readonly Line[]): readonly Line[] {
  if (b.length === 0) return a;
  const all: Line[] = [];
  let next = 0;
  for (const line of a) {
    for (let other = b[next]; other && inPlace(other, line) < 0; other = b[++next]) all.push(other);
    all.push(line);
  }
  return all.concat(b.slice(next));
}

/** Keys settle what has one name, so that the order never depends on which row came first. */
function inPlace(a: Line, b: Line): number {
  return compare(a.row.namespace, b.row.namespace) || compare(a.row.name, b.row.name) || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
