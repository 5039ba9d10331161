import { expect, test } from "bun:test";
import { Prng } from "../../../src/platform/simulated/prng.ts";
import { type Contender, Contest } from "./contenders.ts";

const SEEDS = Array.from({ length: 12 }, (_, at) => at + 1);
const STORM_MS = 10 * 60_000;
/** Twice the session, the lock delay, and what a watch may miss at a dead connection. */
const CALM_MS = 60_000;
const STATES = ["open", "open", "open", "refuses", "hangs", "swallows"] as const;

/** Anything that may happen to one of them, or to Consul. */
function disturb(all: Contest, draws: Prng): void {
  const one = draws.pick(all.contenders);
  const { double } = all;
  const events: readonly (() => void)[] = [
    () => one.lease.want(draws.unit() < 0.7),
    () => disturbWay(one, draws),
    () => disturbWay(one, draws),
    () => {
      one.host.wallOffsetMs += draws.integer(-20_000, 20_000);
    },
    () => {
      if (draws.unit() < 0.3) double.hasLeader = false;
      else double.electLeader();
    },
  ];
  draws.pick(events)();
}

function disturbWay(one: Contender, draws: Prng): void {
  one.wire.state = draws.pick(STATES);
  const latencyMaxMs = draws.pick([0, 10, 300, 1_500]);
  one.wire.latencyMs = () => draws.unit() * latencyMaxMs;
}

test.each(SEEDS)(
  "no storm makes two holders, and one is there when it is over: seed %p",
  async (seed) => {
    for (const lockDelayMaxMs of [0, 60_000]) {
      const all = new Contest();
      const draws = new Prng(seed, "storm");
      for (const name of ["a", "b", "c", "d"]) all.add(name);
      // As early as the contract allows, and with nothing but the holder's own clock to go by.
      all.double.locks.ttlFactor = 1;
      all.double.locks.lockDelayMaxMs = lockDelayMaxMs;
      let held = 0;
      while (all.world.nowMs < STORM_MS) {
        disturb(all, draws);
        await all.pass(draws.integer(100, 5_000));
        held += all.holders().length;
      }
      expect(held).toBeGreaterThan(0);
      all.double.electLeader();
      for (const { wire, lease } of all.contenders) {
        wire.state = "open";
        wire.latencyMs = () => 0;
        lease.want(true);
      }
      await all.pass(CALM_MS);
      expect(all.holders()).toHaveLength(1);
      const [holder] = all.holders();
      for (const one of all.contenders) {
        if (one !== holder)
          expect(one.last()).toEqual({ kind: "taken", holder: holder?.host.name ?? "" });
      }
    }
  },
);
