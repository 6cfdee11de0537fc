// Everything that can be done, in one place: the palette finds it, keys run it, buttons may share it. Who brings more adds a
// source to the list: a function from the window's state to what can be done in it.

import type { App } from "./app.svelte";
import { ofComparison } from "./commands/comparison";
import { goingAbout } from "./commands/going";
import { ofContexts } from "./commands/contexts";
import { ofProfiles } from "./commands/profiles";
import { ofRows } from "./commands/rows";
import { ofSessions } from "./commands/sessions";
import type { Chord } from "./keys";
import type { CommandGroup } from "./words/commands";

/** Something that can be done now. */
export interface Command {
  /** What it is told apart by, also from one look at the palette to the next. */
  readonly id: string;
  readonly group: CommandGroup;
  readonly title: string;
  /** Where, or to what: searched, too. */
  readonly of?: string;
  /** The key that runs it from anywhere. */
  readonly keys?: Chord;
  /** What it throws, or rejects with, is shown. */
  run(): unknown;
}

/** Says what can be done in a state of the window. */
export type Source = (app: App) => Command[];

/** In the order in which the palette shows them. */
export const sources: readonly Source[] = [goingAbout, ofProfiles, ofSessions, ofComparison, ofContexts, ofRows];

/** All that can be done now. */
export function commandsOf(app: App): Command[] {
  return sources.flatMap((source) => source(app));
}

/** What a key runs. Only these sources have keys: the others are long. */
export function commandOf(app: App, chord: Chord): Command | undefined {
  return goingAbout(app).find(({ keys }) => keys === chord);
}
