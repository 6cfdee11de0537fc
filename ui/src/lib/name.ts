// Long names are cut in the middle: what tells two pods of one Deployment apart is at the end, what tells two
// Deployments apart at the start.

/** How many characters of the end are always shown: what a Deployment's pod is told apart by, and a little more. */
const END = 8;

/** A name in two pieces: the window shortens the first with an ellipsis and never the second. */
export interface Halves {
  readonly start: string;
  readonly end: string;
}

/** Splits a name. One that hardly exceeds the end stays whole: an ellipsis for two letters helps nobody. */
export function halves(name: string): Halves {
  if (name.length < END + 4) return { start: name, end: "" };
  return { start: name.slice(0, -END), end: name.slice(-END) };
}
