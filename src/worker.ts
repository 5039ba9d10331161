/**
 * The simulation thread's entry: the loop on the real clock. It lies beside main.ts because a
 * compiled program finds its workers only there (FACTS, Bun).
 */
import { realClock } from "./platform/real/clock.ts";
import { realTimers } from "./platform/real/timers.ts";
import type { Timers } from "./platform/timers.ts";
import type { ToSimulation } from "./tanks/simulation.ts";
import { SimulationLoop } from "./tanks/simulation-loop.ts";

declare const self: {
  onmessage: (event: MessageEvent<ToSimulation>) => void;
  postMessage(message: unknown): void;
};

/**
 * A tank that goes as fast as it can asks for "at once, but after the mail": a timer would wait a
 * whole millisecond, which left a third of the core idle when measured.
 */
const timers: Timers = {
  after: (delayMs, task) => {
    if (delayMs > 0) return realTimers.after(delayMs, task);
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};

const loop = new SimulationLoop({ clock: realClock, timers }, (message) =>
  self.postMessage(message),
);
self.onmessage = (event) => loop.receive(event.data);
