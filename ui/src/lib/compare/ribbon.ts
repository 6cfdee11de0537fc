// Two minutes of probes as a ribbon: where each bar, letter and line stands. All lanes share one clock, so what stands
// above another happened at the same time.

import type { AccountEntry } from "../../generated/AccountEntry";
import type { Happened } from "../../generated/Happened";
import type { LaneKind } from "../../generated/LaneKind";
import type { Outcome } from "../../generated/Outcome";
import type { Probe } from "../../generated/Probe";
import { groupBy } from "../group";
import { HIGH, letterOf, stripesOf } from "./pods";

/** What a ribbon shows at most, in milliseconds. */
export const SPAN = 120_000;
/** What it shows while the comparison is young: its first seconds are worth seeing. */
const SPANS = [30_000, 60_000, SPAN] as const;

/** What the ribbons of a comparison of that age show. */
export function spanOf(age: number): number {
  return SPANS.find((span) => age <= span) ?? SPAN;
}

/** The gap between two bars, and the least that one is wide, in pixels. */
const GAP = 0.6;
const THIN = 1.2;
/** A letter needs so much room, in pixels. */
const LETTER = 8;
/** The width of a digit or a letter of what stands under a gap, in pixels. */
const GLYPH = 6;

/** The clock and the width that all ribbons share. */
export interface Scale {
  /** The time that stands at 0, in milliseconds since 1970. */
  readonly origin: number;
  /** How much time a ribbon shows, in milliseconds. */
  readonly span: number;
  /** How wide it is, in pixels. */
  readonly width: number;
}

/** Where a moment stands. What is drawn is moved as time passes, and not drawn anew. */
export function placeOf(at: number, { origin, span, width }: Scale): number {
  return ((at - origin) / span) * width;
}

export interface Bar {
  readonly key: number;
  readonly x: number;
  readonly width: number;
  readonly probe: Probe;
}

export function barsOf(probes: readonly Probe[], every: number, scale: Scale): Bar[] {
  const width = Math.max(THIN, (every / scale.span) * scale.width - GAP);
  return probes.map((probe) => ({ key: probe.number, x: placeOf(probe.at, scale), width, probe }));
}

/** What is drawn of bars that are alike: one path each, since hundreds of elements are dear to draw twice a second. */
export interface Drawn {
  readonly key: string;
  readonly outcome: Outcome["outcome"];
  readonly pod: number | null;
  readonly bars: number;
  /** The bars whole, and what of them is not faint. */
  readonly whole: string;
  readonly stripes: string;
}

/** A bar's stripes: a pod's own; a stump where none was answered, so that a gap is no silence. */
const STUMP = [[HIGH - 3, 3]] as const;
const UNKNOWN = [[0, 2], [4, 2], [8, 2], [12, 2], [16, 2], [20, 2]] as const;

export function drawnOf(bars: readonly Bar[]): Drawn[] {
  return [...groupBy(bars, ({ probe }) => `${probe.outcome.outcome} ${probe.pod}`)].flatMap(([key, alike]) => {
    const first = alike[0]?.probe;
    if (!first) return [];
    const { outcome } = first.outcome;
    const stripes = outcome === "lost" ? STUMP : first.pod === null ? UNKNOWN : stripesOf(first.pod);
    const paths = (all: readonly (readonly [number, number])[]) => alike.map((bar) => all.map(([y, height]) => box(bar, y, height)).join("")).join("");
    return [{ key, outcome, pod: first.pod, bars: alike.length, whole: paths([[0, HIGH]]), stripes: paths(stripes) }];
  });
}

function box({ x, width }: Bar, y: number, height: number): string {
  return `M${x.toFixed(1)} ${y}h${width.toFixed(1)}v${height}h-${width.toFixed(1)}z`;
}

/** The bar at a place, or the nearest to the left of it. */
export function barAt(bars: readonly Bar[], x: number): Bar | undefined {
  return bars.findLast((bar) => bar.x <= x);
}

/** What is written under several bars that are alike. */
export interface Caption {
  readonly key: number;
  /** The middle. */
  readonly x: number;
  readonly text: string;
  readonly lost: boolean;
}

/** The letters under a pod's bars and the numbers under gaps, where there is room for them. */
export function captionsOf(bars: readonly Bar[]): Caption[] {
  const captions: Caption[] = [];
  for (const run of runsOf(bars)) {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) continue;
    const { outcome, pod } = first.probe;
    const lost = outcome.outcome === "lost";
    const text = lost ? `${run.length} lost` : pod === null ? "" : letterOf(pod);
    const room = last.x + last.width - first.x;
    if (text === "" || room < Math.max(LETTER, text.length * GLYPH)) continue;
    captions.push({ key: first.key, x: first.x + room / 2, text, lost });
  }
  return captions;
}

function runsOf(bars: readonly Bar[]): Bar[][] {
  const runs: Bar[][] = [];
  for (const bar of bars) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before && alike(before.probe, bar.probe)) run.push(bar);
    else runs.push([bar]);
  }
  return runs;
}

function alike(a: Probe, b: Probe): boolean {
  const lost = a.outcome.outcome === "lost";
  return lost === (b.outcome.outcome === "lost") && (lost || a.pod === b.pod);
}

/** A vertical line, where something happened. */
export interface Line {
  readonly key: string;
  readonly x: number;
  readonly entry: AccountEntry;
}

/** What gets no line: it is about the whole, or told once all is over. */
const UNDRAWN: readonly Happened[] = ["opened", "verdict"];

/** The lines of one lane: what happened to it, and to all. */
export function linesOf(account: readonly AccountEntry[], lane: LaneKind, scale: Scale): Line[] {
  return account
    .filter((entry) => (entry.lane === null || entry.lane === lane) && !UNDRAWN.includes(entry.what))
    .map((entry, n) => ({ key: `${entry.at} ${entry.what} ${n}`, x: placeOf(entry.at, scale), entry }));
}
