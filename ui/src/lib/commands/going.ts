// Going about in the window, and what concerns all of it. Every key that works from anywhere is here.

import type { ListKind } from "../../generated/ListKind";
import type { Command, Source } from "../commands";
import { listName } from "../words";
import { commands as say } from "../words/commands";
import { compare } from "../words/comparison";

const lists: readonly ListKind[] = ["services", "workloads", "pods"];

export const goingAbout: Source = (app) => {
  const view = app.view;
  const go = (id: string, title: string, run: () => unknown, keys?: string): Command => ({
    id: `go/${id}`, group: "go", title, run, ...(keys === undefined ? {} : { keys }),
  });
  return [
    go("palette", say.palette, () => (app.overlay = "palette"), "mod+k"),
    ...(view ? [go("filter", say.filter, () => app.summonFilter(), "/")] : []),
    ...(app.centre.shows === "list" ? [] : [go("back", say.back, () => app.back(), "escape")]),
    ...(view ? lists.map((list, n) => go(list, say.show(listName(list)), () => app.lookAtList(list), `mod+${n + 1}`)) : []),
    go("profiles", say.profiles, () => app.showProfiles(), "mod+5"),
    go("sessions", say.sessions, () => goTo("aside.sessions"), "mod+4"),
    go("region", say.region, () => goTo(nextRegion()), "f6"),
    go("settings", say.settings, () => app.toggleSettings(), "mod+,"),
    go("import", say.import, () => (app.centre = { shows: "import" })),
    go("keys", say.keys, () => (app.overlay = "keys"), "?"),
    { id: "go/demo", group: "app", title: say.demo, run: () => app.openDemo() },
    { id: "go/show-me", group: "app", title: compare.showMe, run: () => app.showMe() },
    { id: "go/reload", group: "app", title: say.reload, run: () => app.backend.reloadKubeconfig() },
  ];
};

const REGIONS = ["nav.sidebar", "main", "aside.sessions"] as const;

/** The part of the window after the one that has the focus. */
function nextRegion(): string {
  const now = REGIONS.findIndex((region) => document.activeElement?.closest(region));
  return REGIONS[(now + 1) % REGIONS.length] ?? REGIONS[0];
}

function goTo(region: string): void {
  const there = document.querySelector(region);
  const into = there?.querySelector<HTMLElement>("[aria-current='true'], [data-line] [tabindex='0'], [data-item] button, button, input");
  (into ?? (there as HTMLElement | null))?.focus();
}
