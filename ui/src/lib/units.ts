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
