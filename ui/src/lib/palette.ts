// Finding a command by a few of its letters.

import { go, snapshot, type SnapshotKey } from "fuzzysort";

import type { Command } from "./commands";

/** So many are shown: who sees none of these that fits types another letter. */
const SHOWN = 50;

/** How poor a match may be: 1 is exact. Less would find everything among ten thousand rows. */
const WORST = 0.35;

/** What there is to search in, made once when the palette opens. */
export class Findable {
  #all: readonly Command[];
  #snapshot: SnapshotKey<Command>;

  constructor(all: readonly Command[]) {
    this.#all = all;
    this.#snapshot = snapshot([...all], { key: ({ title, of }) => (of === undefined ? title : `${title} ${of}`) });
  }

  /** The best first; without a word, in their own order. */
  find(query: string): readonly Command[] {
    const words = query.trim();
    if (words === "") return this.#all.slice(0, SHOWN);
    return go(words, this.#snapshot, { limit: SHOWN, threshold: WORST }).map(({ obj }) => obj);
  }
}
