// Numbers as people read them.

const SIZES = ["B", "kB", "MB", "GB", "TB"] as const;

/** `3.2 MB`: decimal units, as network speeds are given. */
export function bytes(n: number): string {
  let size = 0;
  while (n >= 999.5 && size < SIZES.length - 1) {
    n /= 1000;
    size += 1;
  }
  const digits = size === 0 || n >= 99.95 ? 0 : 1;
  return `${n.toFixed(digits)} ${SIZES[size]}`;
}

/** `3d`, `5h`, `12m`, `40s`: one unit, as kubectl's AGE column. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** `340 µs`, `2.1 s`, `12 min`: how long something took, from milliseconds. It is never broken over two lines. */
export function span(milliseconds: number): string {
  const [n, unit] = inUnit(milliseconds);
  const fine = n < 9.95 && (unit === "ms" || unit === "s");
  return `${fine ? n.toFixed(1) : Math.round(n)}\u00a0${unit}`;
}

function inUnit(milliseconds: number): [number, string] {
  if (milliseconds < 1) return [milliseconds * 1000, "µs"];
  if (milliseconds < 999.5) return [milliseconds, "ms"];
  const seconds = milliseconds / 1000;
  if (seconds < 119.5) return [seconds, "s"];
  const minutes = seconds / 60;
  return minutes < 119.5 ? [minutes, "min"] : [minutes / 60, "h"];
}

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** `18:20:07`, and `20 Nov, 18:20` of another day. */
export function clockTime(at: number, now: number): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return (sameDay ? time : dayAndTime).format(at);
}
