// The comparison that is open.

import type { Command, Source } from "../commands";
import { compare, comparedName } from "../words/comparison";
import { commands as say } from "../words/commands";

export const ofComparison: Source = (app) => {
  const { comparison } = app.parts;
  if (!comparison) return [];
  const of = comparedName(comparison.service, comparison.port);
  const command = (what: string, title: string, run: () => unknown): Command => ({ id: `comparison/${what}`, group: "comparison", title, of, run });
  return [
    command("show", say.show(compare.sideEntry), () => (app.centre = { shows: "comparison" })),
    command("copy", say.copyComparison, async () => app.backend.copy(await app.backend.comparisonMarkdown())),
    command("save", say.saveComparison, () => app.backend.saveComparison()),
    command("close", say.closeComparison, () => app.closeComparison()),
  ];
};
