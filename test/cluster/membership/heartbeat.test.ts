import { expect, test } from "bun:test";
import { Heartbeat } from "../../../src/cluster/membership/heartbeat.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { PONG } from "./support.ts";

/** A node that watches a hub, which answers each ping at once while it is alive. */
function setUp(rttMs?: number) {
  const world = new SimulatedWorld({ seed: 1 });
  const process = world.addHost({ name: "a" }).boot();
  const hub = { isAlive: true, pings: 0 };
  const silences: number[] = [];
  const heartbeat = new Heartbeat({
    deps: { ...process, log: silentLog },
    pinger: {
      ask: () => {
        hub.pings++;
        return hub.isAlive ? Promise.resolve(PONG) : new Promise(() => {});
      },
    },
    content: () => ({ registry: null, lostHub: null, otherHubs: [] }),
    rttMs: () => rttMs,
    lagMs: () => 0,
    calmMs: () => 5_000,
    onReply: () => {},
    onSilence: () => silences.push(world.nowMs),
  });
  return { world, hub, silences, heartbeat };
}

/** After how many milliseconds a hub that has never answered counts as silent. */
async function silentAfter(rttMs?: number): Promise<number> {
  const { world, hub, silences, heartbeat } = setUp(rttMs);
  hub.isAlive = false;
  heartbeat.watch("hub");
  await world.run(20_000);
  heartbeat.release();
  return silences[0] ?? Number.NaN;
}

test("a hub that was slow to shake hands gets as much longer for its first answer", async () => {
  const usual = await silentAfter();
  expect(usual).toBeWithin(3_800, 6_001);
  expect(await silentAfter(100)).toBe(usual);
  expect(await silentAfter(1_000)).toBeGreaterThanOrEqual(usual + 2_000);
});

test("a hub is pinged often at first, and rarely once nothing has happened for long", async () => {
  const { world, hub, heartbeat } = setUp();
  heartbeat.watch("hub");
  const pingsIn = async (durationMs: number) => {
    const before = hub.pings;
    await world.run(world.nowMs + durationMs);
    return hub.pings - before;
  };
  expect(await pingsIn(4_000)).toBeGreaterThanOrEqual(8);
  expect(await pingsIn(20_000)).toBeWithin(9, 12);
  await pingsIn(10_000);
  expect(await pingsIn(20_000)).toBeWithin(3, 6);
  heartbeat.release();
});

test("silence counts from the first unanswered ping, however rare pings are", async () => {
  const { world, hub, silences, heartbeat } = setUp();
  heartbeat.watch("hub");
  await world.run(60_100);
  hub.isAlive = false;
  const askedMs = world.nowMs;
  // As when another worker says that it has lost it.
  heartbeat.pingNow();
  await world.run(80_000);
  heartbeat.release();
  expect(silences).toHaveLength(1);
  expect((silences[0] ?? 0) - askedMs).toBeWithin(800, 1_300);
});
