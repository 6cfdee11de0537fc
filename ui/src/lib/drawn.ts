// Which of many lines are drawn: those in sight, a few around them, and those that must not go, with gaps in the place of
// all others. Most lines have one height; those that differ are measured.

/** What is drawn, from the top: lines, or the place of lines that are not. */
export type Piece = { readonly gap: number } | { readonly line: number };

/** How high each line is, in pixels. */
export interface Heights {
  /** What a line is taken for that nobody has measured. */
  readonly usual: number;
  /** Those that differ, by key. */
  readonly own: ReadonlyMap<string, number>;
}

/** Where each line begins, and at the end where the last one ends. */
export function offsetsOf(lines: readonly { readonly key: string }[], { usual, own }: Heights): Float64Array {
  const offsets = new Float64Array(lines.length + 1);
  let at = 0;
  lines.forEach(({ key }, n) => {
    at += (own.size > 0 ? own.get(key) : undefined) ?? usual;
    offsets[n + 1] = at;
  });
  return offsets;
}

/** The line at `y`; the first above all of them and the last below. */
export function lineAt(offsets: Float64Array, y: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The lines from `from` up to `to`, which is not among them, and the `kept`, with the gaps between. */
export function piecesOf(offsets: Float64Array, from: number, to: number, kept: readonly number[]): Piece[] {
  const count = offsets.length - 1;
  const outside = kept.filter((n) => n >= 0 && n < count && (n < from || n >= to)).sort((a, b) => a - b);
  const pieces: Piece[] = [];
  let next = 0;
  const line = (n: number) => {
    if (n < next) return;
    gap(n);
    pieces.push({ line: n });
    next = n + 1;
  };
  const gap = (n: number) => {
    const height = (offsets[n] ?? 0) - (offsets[next] ?? 0);
    if (height > 0) pieces.push({ gap: height });
  };
  for (const n of outside) if (n < from) line(n);
  for (let n = from; n < Math.min(to, count); n++) line(n);
  for (const n of outside) if (n >= to) line(n);
  gap(count);
  return pieces;
}
