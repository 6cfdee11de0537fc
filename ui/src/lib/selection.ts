// Which view a click leads to.

import type { ContextView } from "../generated/ContextView";
import type { ListKind } from "../generated/ListKind";
import type { Scope } from "../generated/Scope";
import type { View } from "../generated/View";

/** The view of a context that was not looked at before: the namespace that kubectl would use. */
export function viewOf(context: ContextView, list: ListKind): View {
  return { context: context.id, namespace: oneNamespace(context.namespace), list };
}

/** One namespace; a blank name means all of them. */
export function oneNamespace(name: string): Scope {
  const trimmed = name.trim();
  return trimmed === "" ? { scope: "all" } : { scope: "one", name: trimmed };
}
