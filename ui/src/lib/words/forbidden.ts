// The words where something may not be listed.

import type { ListKind } from "../../generated/ListKind";
import type { Scope } from "../../generated/Scope";
import { count, listName, scopeName } from "../words";

export const forbidden = {
  copyRole: "Copy Role",
  typeName: "Type a name",
  typeNamespace: "Type a namespace",
  chooseNamespace: "Choose a namespace",
  again: "Portolan looks again every 30 seconds.",
  namespaces: "You may not list namespaces.",
  port: "Port",
  open: "Open",
  cancel: "Cancel",
} as const;

const and = new Intl.ListFormat("en");

/** `You may not list services in shop.` What the rows are read off comes first; what only completes them is told if it alone is missing. */
export function forbiddenList(list: ListKind, resources: readonly string[], scope: Scope): string {
  const where = `in ${scopeName(scope)}`;
  const own = listName(list).toLowerCase();
  if (list === "workloads") {
    return `You may not list ${resources.length > 2 ? `${count(resources.length)} kinds of workloads` : and.format(resources)} ${where}.`;
  }
  if (resources.includes(own)) return `You may not list ${own} ${where}.`;
  return `You may not list ${and.format(resources)} ${where}: which ${own} have ready pods is not known.`;
}

/** What can be typed as a name, beside each list. */
export function nameHint(list: ListKind): string {
  return { services: "web", workloads: "deploy/web", pods: "web-0" }[list];
}

export const forbiddenLabels = {
  name: (list: ListKind) => ({ services: "Name of a Service", workloads: "Kind and name of a workload", pods: "Name of a pod" })[list],
} as const;
