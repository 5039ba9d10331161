/** Cancels a timer. No effect if it has fired or was cancelled. */
export type Cancel = () => void;

/** Delayed work. Code outside the adapters has no other way to wait. */
export interface Timers {
  /** Runs `task` once, `delayMs` milliseconds from now. */
  after(delayMs: number, task: () => void): Cancel;
}

/** Resolves after `delayMs`, or as soon as `signal` aborts. Never rejects. */
export function sleep(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = timers.after(delayMs, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/**
 * Runs `task` every `intervalMs` until cancelled. The interval is measured from the end of a run,
 * so that a slow task never overlaps itself; `task` must handle its own errors.
 */
export function repeat(
  timers: Timers,
  intervalMs: number,
  task: () => void | Promise<void>,
): Cancel {
  let stopped = false;
  let cancel: Cancel = () => {};
  const schedule = () => {
    if (!stopped) cancel = timers.after(intervalMs, () => void run());
  };
  const run = async () => {
    await task();
    schedule();
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
