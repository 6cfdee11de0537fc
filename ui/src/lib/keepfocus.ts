// Focus that is not lost when what has it goes away: it goes to what took its place.

import type { Attachment } from "svelte/attachments";

/** Marks what comes and goes as one: a line of a list, a card. */
const ITEM = "[data-item]";

/** For an element that stays while items in it come and go. `home` is where focus goes once there are none. */
export function keepsFocus(home: (container: HTMLElement) => HTMLElement | null): Attachment<HTMLElement> {
  return (container) => {
    let last: { readonly element: Element; readonly item: Element | null; readonly place: number } | null = null;

    const entered = ({ target }: FocusEvent) => {
      if (!(target instanceof Element)) return;
      const item = target.closest(ITEM);
      last = { element: target, item, place: item ? items(container).indexOf(item) : 0 };
    };
    // Some web views tell of a focus that left with its element, too: that is not a user who went elsewhere.
    const left = () => {
      const was = last;
      setTimeout(() => {
        if (last === was && was?.element.isConnected && document.activeElement !== was.element) last = null;
      });
    };
    const changed = () => {
      if (last === null || last.element.isConnected) return;
      const { item, place } = last;
      last = null;
      // Somebody has found a place for it already.
      if (document.activeElement !== null && document.activeElement !== document.body) return;
      const left = items(container);
      const next = item?.isConnected ? item : left[Math.min(place, left.length - 1)];
      (next && first(next) ? first(next) : home(container))?.focus();
    };

    const watcher = new MutationObserver(changed);
    watcher.observe(container, { childList: true, subtree: true });
    container.addEventListener("focusin", entered);
    container.addEventListener("focusout", left);
    return () => {
      watcher.disconnect();
      container.removeEventListener("focusin", entered);
      container.removeEventListener("focusout", left);
    };
  };
}

function items(container: Element): Element[] {
  return [...container.querySelectorAll(ITEM)];
}

function first(item: Element): HTMLElement | null {
  return item.querySelector<HTMLElement>("[data-part='chip']:not(:disabled)") ?? item.querySelector<HTMLElement>("button:not(:disabled), a[href], input");
}
