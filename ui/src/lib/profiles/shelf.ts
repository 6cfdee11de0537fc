// Profiles as the window lays them out: which come first, which stand together, and what each is shown as.

import type { ProfileView } from "../../generated/ProfileView";
import type { SessionView } from "../../generated/SessionView";
import { groupBy } from "../group";
import { stateMark, type Mark } from "../marks";
import { shownAs, WORST, type Shown } from "../phase";

/** What a profile is shown as: what is worst among its sessions, or that it has none. */
export type ProfileShown = Shown | "idle" | "blocked";

/** Those that stand together under one name; "" for those of no group. */
export interface Group {
  readonly name: string;
  readonly profiles: readonly ProfileView[];
}

/** The pinned ones, in the user's order. */
export function favourites(profiles: Iterable<ProfileView>): ProfileView[] {
  return [...profiles].filter(({ pinned }) => pinned).sort((a, b) => a.place - b.place);
}

/** The others: those used last come first, those never used in the user's order. */
export function others(profiles: Iterable<ProfileView>): ProfileView[] {
  return [...profiles].filter(({ pinned }) => !pinned).sort((a, b) => b.used_at - a.used_at || a.place - b.place);
}

/** By group, those of none first; groups and what is in them keep the order in which they come. */
export function groups(profiles: readonly ProfileView[]): Group[] {
  const found = [...groupBy(profiles, ({ group }) => group)].map(([name, profiles]) => ({ name, profiles }));
  return [...found.filter(({ name }) => name === ""), ...found.filter(({ name }) => name !== "")];
}

export function profileShown({ run }: ProfileView, sessions: ReadonlyMap<string, SessionView>): ProfileShown {
  if (run.state !== "open") return run.state;
  const shown = sessionsOf({ run }, sessions).map(shownAs);
  return WORST.find((one) => shown.includes(one)) ?? "resolving";
}

export function profileMark(shown: ProfileShown): Mark {
  switch (shown) {
    case "idle":
      return { shape: "empty", tone: "idle" };
    case "blocked":
      return { shape: "triangle", tone: "broken" };
    default:
      return stateMark(shown);
  }
}

/** The sessions of a profile that are there. */
export function sessionsOf({ run }: Pick<ProfileView, "run">, sessions: ReadonlyMap<string, SessionView>): SessionView[] {
  if (run.state !== "open") return [];
  return run.sessions.flatMap((id) => sessions.get(`session/${id}`) ?? []);
}

/** The local ports: those that it has while it runs, else those that it asks for. `null` is any. */
export function localPorts(profile: ProfileView, sessions: ReadonlyMap<string, SessionView>): (number | null)[] {
  const running = sessionsOf(profile, sessions).flatMap(({ listeners }) => listeners.map(({ port }) => port));
  if (running.length > 0) return running;
  return profile.forwards.flatMap(({ ports }) => ports.map(localOf));
}

/** What a port's mapping says of the local side: `8080:80`, `5432`, `:80`. */
export function localOf(mapping: string): number | null {
  const local = Number(mapping.split(":")[0]);
  return Number.isInteger(local) && local > 0 ? local : null;
}

/** The profile that a session belongs to. */
export function profileOf(id: number, profiles: Iterable<ProfileView>): ProfileView | null {
  return [...profiles].find(({ run }) => run.state === "open" && run.sessions.includes(id)) ?? null;
}

/** What `placeProfile` is to put it before, for one place up or down among these; nothing at an end. */
export function step(among: readonly ProfileView[], name: string, by: -1 | 1): { before: string | null } | null {
  const at = among.findIndex((profile) => profile.name === name);
  const to = at + by;
  if (at < 0 || to < 0 || to >= among.length) return null;
  return { before: (by < 0 ? among[to] : among[to + 1])?.name ?? null };
}
