import { expect, test } from "bun:test";
import { Heartbeat } from "../../../src/cluster/membership/heartbeat.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

/** After how many milliseconds a node that never answers a ping counts as silent. */
async function silentAfter(rttMs: number | undefined): Promise<number> {
  const world = new SimulatedWorld({ seed: 1 });
  const process = world.addHost({ name: "a" }).boot();
  let silentMs = Number.NaN;
  const heartbeat = new Heartbeat({
    deps: { ...process, log: silentLog },
    pinger: { ask: () => new Promise(() => {}) },
    content: () => ({ registry: null, lostHub: null, otherHubs: [] }),
    rttMs: () => rttMs,
    lagMs: () => 0,
    onReply: () => {},
    onSilence: () => {
      silentMs = world.nowMs;
    },
  });
  heartbeat.watch("hub");
  await world.run(20_000);
  heartbeat.release();
  return silentMs;
}

test("a hub that took long to shake hands is given as much longer for its first answer", async () => {
  const usual = await silentAfter(undefined);
  expect(usual).toBeWithin(3_800, 6_001);
  expect(await silentAfter(100)).toBe(usual);
  expect(await silentAfter(1_000)).toBeGreaterThanOrEqual(usual + 2_000);
});
