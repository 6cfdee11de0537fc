// The time, for what is drawn as it passes: countdowns and throughput. It ticks only while something on screen reads it.

import { createSubscriber } from "svelte/reactivity";

const TICK = 1000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK);
  return () => clearInterval(timer);
});

/** Now, in milliseconds since 1970; whatever read it in an effect is run again every second. */
export function now(): number {
  subscribe();
  return Date.now();
}
