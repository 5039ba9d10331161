import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { SimulationSlots } from "../../src/tanks/slots/simulation-slots.ts";
import type { SimulationThread } from "../../src/tanks/thread/simulation.ts";
import { VitalSigns } from "../../src/tanks/thread/vital-signs.ts";

const IDLE_THREAD: SimulationThread = {
  pulse: new VitalSigns(),
  post: () => {},
  onMessage: () => {},
  stop: async () => {},
};

test("threads are looked after from the first tank on; without one no timer runs", async () => {
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
