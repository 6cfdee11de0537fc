// What can be done with the rows of the list that is looked at: all of them, whether or not the filter shows them.

import type { ContextId } from "../../generated/ContextId";
import type { Row } from "../../generated/Row";
import type { App } from "../app.svelte";
import { chipKey, chipsOf, openOf } from "../chips";
import type { Command, Source } from "../commands";
import { comparable } from "../compare/ports";
import { mapping } from "../mapping";
import { forwardOf } from "../opening.svelte";
import { targetName } from "../way";
import { commands as say } from "../words/commands";

export const ofRows: Source = (app) => {
  const list = app.list;
  return list ? [...app.parts.rows.values()].flatMap((row) => ofRow(app, list.view.context, row)) : [];
};

export function ofRow(app: App, context: ContextId, row: Row): Command[] {
  const name = targetName(row.target);
  const of = `${context.name} / ${row.namespace}`;
  const command = (what: string, title: string, run: () => unknown): Command => ({
    id: `row/${row.namespace}/${name}/${what}`, group: "row", title, of, run,
  });
  const service = { context, namespace: row.namespace, service: row.name };
  const ports = chipsOf(row, openOf(context, row, app.open)).filter(({ declared }) => (declared?.protocol ?? "TCP") === "TCP");
  return [
    ...ports.map((chip) => {
      const { open } = chip;
      if (open) return command(`show/${chip.remote}`, say.showOpen(name, mapping(chip)), () => app.opening.show(open.session.id));
      const port = { local: { type: "suggested" as const }, remote: chip.remote };
      return command(`open/${chip.remote}`, say.open(name, mapping(chip)), async () => {
        const problem = await app.opening.open(chipKey(context, row, chip), forwardOf(context, row, port), () => app.parts.sessions.values());
        if (problem) throw problem;
      });
    }),
    ...comparable(row).map(({ port }) => command(`compare/${port}`, say.compareRow(name, port), () => app.compare({ ...service, port }))),
    ...(row.target.type === "service" ? [command("explain", say.explain(name), () => app.explain(service))] : []),
  ];
}
