// The keyboard in a list of lines that hold controls: up and down go from line to line and stay with the same kind of
// control, left and right go along a line. Enter and Space are the controls' own.

/** Where a key goes. */
export type Step = { readonly lines: number } | { readonly pages: number } | { readonly along: number } | { readonly end: "first" | "last" };

/** What a key means in a list; `null` if it means nothing there. */
export function stepOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): Step | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  switch (event.key) {
    case "ArrowDown":
      return { lines: 1 };
    case "ArrowUp":
      return { lines: -1 };
    case "PageDown":
      return { pages: 1 };
    case "PageUp":
      return { pages: -1 };
    case "ArrowRight":
      return { along: 1 };
    case "ArrowLeft":
      return { along: -1 };
    case "Home":
      return { end: "first" };
    case "End":
      return { end: "last" };
    default:
      return null;
  }
}

/** A control's place in its line: of which kind it is, and which of these. */
export interface Place {
  readonly part: string;
  readonly nth: number;
}

/** What a line is entered at: the first of its ports. */
export const ENTRY: Place = { part: "chip", nth: 0 };

/** A line's controls, in order. */
export function controlsOf(line: Element): HTMLElement[] {
  return [...line.querySelectorAll<HTMLElement>("button:not(:disabled), input")];
}

export function placeOf(control: HTMLElement, line: Element): Place {
  const part = control.dataset["part"] ?? "";
  return { part, nth: Math.max(0, ofPart(line, part).indexOf(control)) };
}

/** The control of a line that is most like the one at `place` in another line. */
export function controlAt(line: Element, { part, nth }: Place): HTMLElement | null {
  const same = ofPart(line, part);
  const chips = ofPart(line, ENTRY.part);
  return same[Math.min(nth, same.length - 1)] ?? chips[0] ?? controlsOf(line)[0] ?? null;
}

function ofPart(line: Element, part: string): HTMLElement[] {
  return controlsOf(line).filter((control) => (control.dataset["part"] ?? "") === part);
}
