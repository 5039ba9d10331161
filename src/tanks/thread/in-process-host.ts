import type { Clock } from "../../platform/clock.ts";
import type { Timers } from "../../platform/timers.ts";
import { SharedHeartbeat } from "./heartbeat.ts";
import type { FromSimulation, SimulationThread } from "./simulation.ts";
import { type LoopOptions, SimulationLoop } from "./simulation-loop.ts";

/**
 * A simulation on the caller's own thread: for the seeded simulator, tests and sealed runs.
 * Messages are cloned and arrive later, in order, as between threads.
 */
export function inProcessSimulation(
  ports: { readonly clock: Clock; readonly timers: Timers },
  options: LoopOptions = {},
): SimulationThread {
  let handler: (message: FromSimulation) => void = () => {};
  let stopped = false;
  const heartbeat = new SharedHeartbeat();
  const deliver = <Message>(message: Message, receive: (message: Message) => void) => {
    const copy = structuredClone(message);
    queueMicrotask(() => {
      if (!stopped) receive(copy);
    });
  };
  const say = (message: FromSimulation) => deliver(message, (m) => handler(m));
  const loop = new SimulationLoop(ports, say, { ...options, heartbeat: heartbeat });
  return {
    heartbeat,
    post: (message) => deliver(message, (m) => loop.receive(m)),
    onMessage: (receive) => {
      handler = receive;
    },
    stop: async () => {
      stopped = true;
      loop.stop();
    },
  };
}
