// The window's theme: what the user has chosen, or what the desktop has. The shell has set it before the page began, so
// that nothing flashes; this follows it.

import type { Theme } from "../generated/Theme";

const light = "(prefers-color-scheme: light)";

/** What is shown for a choice. */
export function shownTheme(theme: Theme, desktopIsLight: boolean): "light" | "dark" {
  if (theme === "system") return desktopIsLight ? "light" : "dark";
  return theme;
}

/** Shows a theme, and follows the desktop where that is chosen; the answer stops it. `null`: nothing is known yet. */
export function wear(theme: Theme | null): () => void {
  const root = document.documentElement;
  const desktop = matchMedia(light);
  // Before the first answer of the engine, what the shell has set stays.
  if (theme === null && root.dataset["theme"]) return () => undefined;
  const show = () => {
    root.dataset["theme"] = shownTheme(theme ?? "system", desktop.matches);
  };
  show();
  desktop.addEventListener("change", show);
  return () => desktop.removeEventListener("change", show);
}
