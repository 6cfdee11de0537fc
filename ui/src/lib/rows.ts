// The rows as they are listed: in order, and narrowed by the filter.

import type { Row } from "../generated/Row";

/** By namespace, then by name. Kubernetes names are plain ASCII; a collator would cost more than the list. */
export function inOrder(rows: ReadonlyMap<string, Row>): [string, Row][] {
  return [...rows].sort(([, a], [, b]) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

/** The rows that hold every word of the filter in their name, namespace, ports or trouble. */
export function matching(rows: [string, Row][], filter: string): [string, Row][] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return rows;
  return rows.filter(([, row]) => {
    const text = textOf(row);
    return wanted.every((word) => text.includes(word));
  });
}

function textOf(row: Row): string {
  const ports = row.ports.flatMap((port) => [port.name, port.port, port.node_port ?? ""]);
  const { facts } = row;
  const kind = facts.kind === "service" ? facts.service_type : facts.kind === "workload" ? facts.workload : facts.status;
  return [row.name, row.namespace, kind, row.trouble, ...ports].join(" ").toLowerCase();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
