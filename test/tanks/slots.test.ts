import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { SimulationSlots } from "../../src/tanks/slots/simulation-slots.ts";
import { SharedHeartbeat } from "../../src/tanks/thread/heartbeat.ts";
import type { SimulationThread } from "../../src/tanks/thread/simulation.ts";

const IDLE_THREAD: SimulationThread = {
  heartbeat: new SharedHeartbeat(),
  post: () => {},
  onMessage: () => {},
  stop: async () => {},
};

test("watchdog and balancing start with the first tank; without one no timer runs", async () => {
  const { clock, timers } = new SimulatedWorld({ seed: 1 }).addHost({ name: "node" }).boot();
  let running = 0;
  const counted: typeof timers = {
    after: (delayMs, task) => {
      running++;
      const cancel = timers.after(delayMs, task);
      return () => {
        running--;
        cancel();
      };
    },
  };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const ports = { clock, timers: counted, log, spawn: () => IDLE_THREAD };
  const events = { onMessage: () => {}, onLost: () => {}, onRestarted: () => {} };
  const slots = new SimulationSlots(2, ports, events, new Map());
  expect(running).toBe(0);
  slots.place();
  slots.place();
  expect(running).toBe(2);
  await slots.stop();
  expect(running).toBe(0);
});
