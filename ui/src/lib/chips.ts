// Which chips a row shows: its ports, each with the session that is open for it, and the open ports that it does not
// declare.

import type { ContextId } from "../generated/ContextId";
import type { PortRef } from "../generated/PortRef";
import type { Row } from "../generated/Row";
import type { RowPort } from "../generated/RowPort";
import type { SessionView } from "../generated/SessionView";
import { isOver } from "./phase";
import { portKey, targetKey } from "./same";

/** Chips that a row shows before it says `+9`. */
export const SHOWN = 3;

/** One chip. */
export interface Chip {
  /** What to ask the engine for. */
  readonly remote: PortRef;
  /** The declared port; `null` for one that the user named with `+ port`. */
  readonly declared: RowPort | null;
  /** The session that is open for it. */
  readonly open: Opened | null;
}

/** A port of a session. */
export interface Opened {
  readonly session: SessionView;
  /** An index into the session's forward's ports. */
  readonly slot: number;
}

/** The open ports of all sessions, by target and remote port. */
export type OpenPorts = ReadonlyMap<string, ReadonlyMap<string, Opened>>;

/** Finds every port that is open. A session that is over has released its port, so its chip can be clicked anew. */
export function openPorts(sessions: Iterable<SessionView>): OpenPorts {
  const found = new Map<string, Map<string, Opened>>();
  for (const session of sessions) {
    if (isOver(session.phase)) continue;
    const { context, namespace, target, ports } = session.forward;
    const key = targetKey(context, namespace, target);
    const there = found.get(key) ?? new Map<string, Opened>();
    ports.forEach((port, slot) => {
      const remote = String(port.remote);
      // Two tunnels to one port: the chip shows the newer.
      if ((there.get(remote)?.session.id ?? -1) < session.id) there.set(remote, { session, slot });
    });
    found.set(key, there);
  }
  return found;
}

/** The open ports of one row. */
export function openOf(context: ContextId, row: Row, open: OpenPorts): ReadonlyMap<string, Opened> | undefined {
  return open.get(targetKey(context, row.namespace, row.target));
}

/** A row's chips, with its open ports. Declared ports come first, in the object's order. */
export function chipsOf(row: Row, there: ReadonlyMap<string, Opened> | undefined): Chip[] {
  const used = new Set<Opened>();
  const chips: Chip[] = distinct(row.ports).map((declared) => {
    const open = declared.protocol === "TCP" ? (there?.get(String(declared.port)) ?? there?.get(declared.name) ?? null) : null;
    if (open) used.add(open);
    return { remote: declared.port, declared, open };
  });
  for (const [remote, opened] of there ?? []) {
    const asked = opened.session.forward.ports[opened.slot];
    if (!used.has(opened)) chips.push({ remote: asked?.remote ?? remote, declared: null, open: opened });
  }
  return chips;
}

/** The chips to show while a row is folded: the first few, and every open one, since an open port must not hide. */
export function folded(chips: readonly Chip[]): Chip[] {
  return chips.filter((chip, index) => index < SHOWN || chip.open !== null);
}

/** Tells the chips of one row apart. */
export function chipId({ remote, declared }: Chip): string {
  return `${remote}/${declared?.protocol ?? "TCP"}`;
}

/** A key for a chip among those of all rows. */
export function chipKey(context: ContextId, row: Row, chip: Chip): string {
  const key = portKey(targetKey(context, row.namespace, row.target), chip.remote);
  return chip.declared === null || chip.declared.protocol === "TCP" ? key : `${key}/${chip.declared.protocol}`;
}

/** Two containers of a pod may declare one port. */
function distinct(ports: readonly RowPort[]): RowPort[] {
  return [...new Map(ports.map((port) => [`${port.port}/${port.protocol}`, port])).values()];
}
