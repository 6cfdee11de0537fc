// A context's own colour, so that staging and production look different everywhere.

import type { ContextId } from "../generated/ContextId";
import { contextKey } from "./same";

/** How many there are: `--env-0` … in tokens.css. None of them is a phase's colour. */
export const COLOURS = 7;

/** The colour that a context would like: a hash (FNV-1a) of its name, the same on every start and machine. */
export function wishOf(context: ContextId): number {
  let hash = 0x811c9dc5;
  for (const letter of context.name) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash % COLOURS;
}

/**
 * The colours of contexts, by `contextKey`. Two that wish for one colour get two as long as there are enough: the
 * colour is there to tell them apart. The first in the given order keeps its wish.
 */
export function coloursOf(contexts: readonly ContextId[]): ReadonlyMap<string, number> {
  const given = new Map<string, number>();
  const taken = new Set<number>();
  for (const context of contexts) {
    if (taken.size === COLOURS) taken.clear();
    let colour = wishOf(context);
    while (taken.has(colour)) colour = (colour + 1) % COLOURS;
    taken.add(colour);
    given.set(contextKey(context), colour);
  }
  return given;
}
