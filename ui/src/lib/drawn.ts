// Which of many lines are drawn, and where: those in sight, a few around them, and those that must not go. Most lines have one
// height; those that differ are measured.

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

/** The lines from `from` up to `to`, which is not among them, and the `kept`; in order. */
export function drawnOf(count: number, from: number, to: number, kept: readonly number[]): number[] {
  const end = Math.min(to, count);
  const outside = kept.filter((n) => n >= 0 && n < count && (n < from || n >= end)).sort((a, b) => a - b);
  const sight = Array.from({ length: Math.max(0, end - from) }, (_, n) => from + n);
  return [...outside.filter((n) => n < from), ...sight, ...outside.filter((n) => n >= end)];
}
