// Bringing what stands for a session into sight, when somebody asks for the session.

import type { Attachment } from "svelte/attachments";

import type { SessionId } from "../generated/SessionId";
import type { App } from "./app.svelte";

/** For the element that stands for this session: its card, or its line while the card is folded. */
export function comesIntoSight(app: App, id: SessionId): Attachment<HTMLElement> {
  return (element) => {
    // Reading the request itself, so that asking for the same session twice shows it twice.
    if (app.opening.shown?.id !== id) return;
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
    element.focus({ preventScroll: true });
  };
}
