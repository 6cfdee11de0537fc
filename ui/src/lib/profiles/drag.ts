// Profiles put into another order by dragging them. The buttons do the same for who does not point.

import type { Attachment } from "svelte/attachments";

import type { ProfileView } from "../../generated/ProfileView";

/** The place that a pointer at `y` means among lines that lie one under the other: before the first whose middle is below it. */
export function placeAt(lines: readonly Pick<DOMRect, "top" | "bottom">[], y: number): number {
  const at = lines.findIndex(({ top, bottom }) => y < (top + bottom) / 2);
  return at < 0 ? lines.length : at;
}

/** What `placeProfile` is to put it before, once it is let go at that place; nothing where it stays. */
export function dropped(among: readonly ProfileView[], name: string, place: number): { before: string | null } | null {
  const at = among.findIndex((profile) => profile.name === name);
  if (at < 0 || place === at || place === at + 1) return null;
  return { before: among[place]?.name ?? null };
}

/** What becomes of a drag. */
export interface Drag {
  /** The pointer is at this height of the window. */
  readonly over: (y: number) => void;
  /** It was let go there. */
  readonly drop: () => void;
  /** It was given up. */
  readonly leave: () => void;
}

/** For the handle that something is dragged by. Asked for at each step: what is drawn changes meanwhile. */
export function drags(drag: () => Drag | undefined): Attachment<HTMLElement> {
  return (handle) => {
    let pointer: number | null = null;

    const begin = (event: PointerEvent) => {
      if (event.button !== 0 || !event.isPrimary) return;
      // Else the text under it is selected.
      event.preventDefault();
      pointer = event.pointerId;
      handle.setPointerCapture(pointer);
      drag()?.over(event.clientY);
    };
    const move = (event: PointerEvent) => {
      if (event.pointerId === pointer) drag()?.over(event.clientY);
    };
    const end = (how: "drop" | "leave") => {
      if (pointer === null) return;
      pointer = null;
      drag()?.[how]();
    };
    const up = () => end("drop");
    const cancel = () => end("leave");
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || pointer === null) return;
      // Nor does it lead anywhere, as it does else.
      event.stopImmediatePropagation();
      cancel();
    };

    handle.addEventListener("pointerdown", begin);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", up);
    handle.addEventListener("pointercancel", cancel);
    window.addEventListener("keydown", key, true);
    return () => {
      cancel();
      handle.removeEventListener("pointerdown", begin);
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", up);
      handle.removeEventListener("pointercancel", cancel);
      window.removeEventListener("keydown", key, true);
    };
  };
}
