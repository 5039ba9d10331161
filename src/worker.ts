/**
 * The simulation thread's entry: the loop on the real clock. It lies beside main.ts because a
 * compiled program finds its workers only there (FACTS, Bun).
 */
import { realClock } from "./platform/real/clock.ts";
import { realTimers } from "./platform/real/timers.ts";
import type { ToSimulation } from "./tanks/simulation.ts";
import { SimulationLoop } from "./tanks/simulation-loop.ts";

declare const self: {
  onmessage: (event: MessageEvent<ToSimulation>) => void;
  postMessage(message: unknown): void;
};

const loop = new SimulationLoop({ clock: realClock, timers: realTimers }, (message) =>
  self.postMessage(message),
);
self.onmessage = (event) => loop.receive(event.data);
