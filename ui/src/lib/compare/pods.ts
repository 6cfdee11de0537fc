// How a pod is told apart: by a letter, a colour and a pattern, each by its place among the pods that were met.

import type { PodMet } from "../../generated/PodMet";

/** How many colours and how many patterns there are: `--pod-0` … in tokens.css, and PodPatterns.svelte. */
export const LOOKS = 6;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** `A` to `Z`, then `A2`. */
export function letterOf(place: number): string {
  const round = Math.floor(place / LETTERS.length);
  const letter = LETTERS[place % LETTERS.length] ?? "";
  return round === 0 ? letter : `${letter}${round + 1}`;
}

/** Which colour and which pattern; the pair is another one for each of the first 36 pods. */
export function looksOf(place: number): { colour: number; pattern: number } {
  return { colour: place % LOOKS, pattern: (place + Math.floor(place / LOOKS)) % LOOKS };
}

/** How high a bar is, in pixels; the patterns repeat in it. */
export const HIGH = 24;

/** Where a stripe begins, and how high it is. They run across, so that they can be seen on bars two pixels wide. */
export type Stripe = readonly [y: number, height: number];

const patterns: readonly (readonly Stripe[])[] = [
  [[0, HIGH]],
  [[0, 3], [6, 3], [12, 3], [18, 3]],
  [[0, 12]],
  [[0, 8], [16, 8]],
  [[12, 12]],
  [[8, 8]],
];

/** A pod's stripes; what is between them is fainter. */
export function stripesOf(place: number): readonly Stripe[] {
  return patterns[looksOf(place).pattern] ?? [];
}

/** A pod's fill, of what is large and few; see PodPatterns.svelte. */
export function fillOf(place: number): string {
  return `url(#pod-${place})`;
}

/** The place of the pod that a hop's value names: `web-c2f7q:80`. */
export function podIn(value: string, pods: readonly PodMet[]): number | null {
  const place = pods.findIndex(({ name }) => value === name || value.startsWith(`${name}:`));
  return place < 0 ? null : place;
}
