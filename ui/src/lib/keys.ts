// Keys that work wherever the focus is.

/** Ctrl-, and on a Mac ⌘-,: what opens the settings nearly everywhere. */
export function opensSettings(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): boolean {
  return event.key === "," && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
}
