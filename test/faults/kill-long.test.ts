import { expect, test } from "bun:test";
import { faultsSeed, runLanes } from "./kill/lanes.ts";

const LANES = 4;
const KILLS_PER_LANE = 500;
const TIMEOUT_MS = 3_600_000;

test(
  `after ${LANES * KILLS_PER_LANE} × kill -9 all that was acknowledged is there, bit by bit`,
  async () => {
    const seed = faultsSeed();
    const orders = Array.from({ length: LANES }, (_, lane) => ({
      seed,
      lane,
      kills: KILLS_PER_LANE,
      dueSnapshots: 50,
      options: lane % 2 === 0 ? ["--past-per-tank", "300kB"] : ["--log-retention", "all"],
    }));
    const summary = await runLanes(orders);
    expect(summary.underCommands).toBe(LANES * KILLS_PER_LANE);
  },
  TIMEOUT_MS,
);
