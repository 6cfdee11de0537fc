// Chooses the backend and shows the window.

import { mount } from "svelte";

import "./tokens.css";
import "./base.css";
import "./marks.css";
import type { Backend } from "./lib/backend";
import Window from "./window/Window.svelte";

async function backend(): Promise<Backend> {
  // A plain browser has no engine. The pretended one is for `npm run dev` only and is not part of a build.
  if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in window)) {
    const { pretend } = await import("./dev/pretend");
    return pretend(new URLSearchParams(location.search));
  }
  return (await import("./lib/tauri")).tauri;
}

const target = document.getElementById("window");
if (target) mount(Window, { target, props: { backend: await backend() } });
