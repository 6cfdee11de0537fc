// Which ports of a row can be compared.

import type { Row } from "../../generated/Row";
import type { RowPort } from "../../generated/RowPort";

/** A Service's ports that a tunnel can be opened to. */
export function comparable(row: Row): RowPort[] {
  if (row.target.type !== "service") return [];
  return row.ports.filter(({ protocol }) => protocol === "TCP");
}
