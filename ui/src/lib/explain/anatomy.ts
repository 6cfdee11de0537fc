// The anatomy as it is drawn: which line carries which number, and the lines between neighbours.

import type { Anatomy } from "../../generated/Anatomy";
import type { End } from "../../generated/End";
import type { Join } from "../../generated/Join";

/** The height of a line, in pixels: what is drawn between two objects goes by it. */
export const LINE = 20;

/** Whether a join begins or ends at this line. */
export function touches(join: Join, object: number, field: string): boolean {
  return [join.from, join.to].some((end) => end !== null && end.object === object && end.field === field);
}

/** The places of the joins at a line, in `Anatomy::joins`. */
export function joinsAt({ joins }: Anatomy, object: number, field: string): number[] {
  return joins.flatMap((join, place) => (touches(join, object, field) ? [place] : []));
}

/** What is drawn between two neighbours. */
export interface Link {
  readonly join: number;
  /** The middle of the line on the left, in pixels. */
  readonly left: number;
  /** The same on the right; `null` where it leads nowhere. */
  readonly right: number | null;
  readonly broken: boolean;
}

/** The links between an object and the one to its right. Joins of others are told by their numbers alone. */
export function linksRightOf(anatomy: Anatomy, object: number): Link[] {
  return anatomy.joins.flatMap((join, place) => {
    const ends = join.to === null ? [join.from] : [join.from, join.to].sort((a, b) => a.object - b.object);
    const [a, b] = ends;
    if (a?.object !== object || (b !== undefined && b.object !== object + 1) || object + 1 >= anatomy.objects.length) return [];
    const left = middleOf(anatomy, a);
    const right = b === undefined ? null : middleOf(anatomy, b);
    return left === null ? [] : [{ join: place, left, right, broken: join.broken !== null }];
  });
}

function middleOf({ objects }: Anatomy, { object, field }: End): number | null {
  const line = objects[object]?.lines.findIndex((line) => line.field === field) ?? -1;
  return line < 0 ? null : (line + 0.5) * LINE;
}
