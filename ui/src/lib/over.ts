// What lies over the window: while it is there, nothing else can be reached, and when it goes the focus is where it was.

import type { Attachment } from "svelte/attachments";

export const over: Attachment<HTMLDialogElement> = (dialog) => {
  const before = document.activeElement;
  dialog.showModal();
  return () => {
    dialog.close();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
};
