// Whether two plain values from the engine name the same thing, and keys to find one by.

import type { ContextId } from "../generated/ContextId";
import type { PortRef } from "../generated/PortRef";
import type { Target } from "../generated/Target";
import type { View } from "../generated/View";

/** A key for a context. */
export function contextKey(context: ContextId): string {
  return JSON.stringify([context.source, context.name]);
}

/** A key for what a tunnel leads to. */
export function targetKey(context: ContextId, namespace: string, target: Target): string {
  const what =
    target.type === "workload" ? [target.type, target.kind, target.name]
    : target.type === "selector" ? [target.type, target.labels]
    : [target.type, target.name];
  return JSON.stringify([context.source, context.name, namespace, ...what]);
}

/** A key for one remote port of a target. */
export function portKey(target: string, remote: PortRef): string {
  return `${target}:${remote}`;
}

/** Whether two views show the same list. */
export function sameView(a: View | null, b: View | null): boolean {
  if (a === null || b === null) return a === b;
  return viewKey(a) === viewKey(b);
}

/** A key for what a list shows. */
export function viewKey(view: View): string {
  return `${view.list} ${scopeKey(view)} ${contextKey(view.context)}`;
}

function scopeKey(view: View): string {
  return view.namespace.scope === "all" ? "*" : `=${view.namespace.name}`;
}
