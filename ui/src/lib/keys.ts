// Keys and what they are called. `mod` is Command on a Mac and Control elsewhere.

/** `mod+k`, `?`, `escape`: modifiers first, then the key in lower case. */
export type Chord = string;

/** What was pressed. Shift is part of a character and told with named keys only. */
export function chordOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): Chord {
  const named = key.length > 1;
  return [(ctrlKey || metaKey) && "mod", altKey && "alt", named && shiftKey && "shift", key.toLowerCase()].filter(Boolean).join("+");
}

/** The keys of a chord as they are printed on a keyboard. */
export function keysOf(chord: Chord, mac: boolean): string[] {
  const names: Record<string, string> = {
    mod: mac ? "⌘" : "Ctrl", alt: mac ? "⌥" : "Alt", shift: mac ? "⇧" : "Shift", escape: "Esc", arrowdown: "↓", arrowup: "↑",
    arrowleft: "←", arrowright: "→", enter: "Enter", tab: "Tab", home: "Home", end: "End", pageup: "PgUp", pagedown: "PgDn",
  };
  return chord.split("+").map((key) => names[key] ?? key.toUpperCase());
}

/** The same for `aria-keyshortcuts`. */
export function ariaKeys(chord: Chord, mac: boolean): string {
  return chord.split("+").map((key) => (key === "mod" ? (mac ? "Meta" : "Control") : key)).join("+");
}

export function isMac(): boolean {
  return /mac/i.test(navigator.platform);
}

/** Whether keys are somebody's text there. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, select, textarea") !== null;
}
