// The time, for what is drawn as it passes: countdowns and throughput. It ticks only while something on screen reads it, and
// not while nobody can see the screen.

import { createSubscriber } from "svelte/reactivity";

const TICK = 1000;

const subscribe = createSubscriber((update) => {
  let timer: ReturnType<typeof setInterval> | undefined;
  const look = () => {
    clearInterval(timer);
    if (document.hidden) return;
    timer = setInterval(update, TICK);
  };
  const shown = () => {
    look();
    update();
  };
  look();
  document.addEventListener("visibilitychange", shown);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", shown);
  };
});

/** Now, in milliseconds since 1970; whatever read it in an effect is run again every second. */
export function now(): number {
  subscribe();
  return Date.now();
}
