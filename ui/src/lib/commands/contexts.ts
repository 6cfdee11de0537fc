// Other contexts and namespaces, and the mark of protection.

import type { Command, Source } from "../commands";
import { contextKey } from "../same";
import { words } from "../words";
import { commands as say } from "../words/commands";

export const ofContexts: Source = (app) => {
  const contexts = app.contexts.flatMap((context): Command[] => {
    const key = `context/${contextKey(context.id)}`;
    const { name } = context.id;
    const marked = context.protected;
    return [
      { id: `${key}/open`, group: "context", title: say.context(name), of: context.server, run: () => app.lookAtContext(context) },
      { id: `${key}/protect`, group: "context", title: marked ? say.unprotect(name) : say.protect(name), run: () => app.backend.protect(context.id, !marked) },
    ];
  });
  const { context } = app;
  if (!context) return contexts;
  const known = context.namespaces.state === "known" ? [...context.namespaces.names].sort() : [];
  const of = context.id.name;
  return [
    ...contexts,
    { id: "namespace/", group: "context", title: say.namespace(words.allNamespaces), of, run: () => app.lookAtNamespace({ scope: "all" }) },
    ...known.map((name): Command => ({
      id: `namespace/${name}`, group: "context", title: say.namespace(name), of, run: () => app.lookAtNamespace({ scope: "one", name }),
    })),
  ];
};
