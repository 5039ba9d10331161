import type { Cancel, Timers } from "../timers.ts";

/** setTimeout has a 32-bit delay and fires at once for longer ones. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const realTimers: Timers = { after };

function after(delayMs: number, task: () => void): Cancel {
  let handle: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number) => {
    const stretchMs = Math.min(leftMs, TIMEOUT_MS_MAX);
    handle = setTimeout(() => {
      if (leftMs > stretchMs) wait(leftMs - stretchMs);
      else task();
    }, stretchMs);
  };
  wait(delayMs);
  return () => clearTimeout(handle);
}
