// What a chip says: `http 8080 → 80` while it is closed, the whole mapping `:8080 → http 8080 → 80` once it is open.

import type { Chip } from "./chips";

export function mapping(chip: Chip): string {
  const remote = remoteText(chip);
  if (chip.open === null) return remote;
  const { session, slot } = chip.open;
  const listener = session.listeners.find((there) => there.slot === slot);
  return listener ? `:${listener.port} → ${remote}` : `… → ${remote}`;
}

function remoteText({ declared, remote }: Chip): string {
  if (declared === null) return String(remote);
  const name = declared.name === "" ? "" : `${declared.name} `;
  const protocol = declared.protocol === "TCP" ? "" : ` ${declared.protocol}`;
  const target = declared.target === null || declared.target === declared.port ? "" : ` → ${declared.target}`;
  return `${name}${declared.port}${protocol}${target}`;
}
