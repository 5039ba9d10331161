import { expect, test } from "bun:test";
import { faultsSeed, runLanes } from "./kill/lanes.ts";

const LANES = 4;
const KILLS_PER_LANE = 52;
const TIMEOUT_MS = 600_000;

test(
  `after ${LANES * KILLS_PER_LANE} × kill -9 all that was acknowledged is there, bit by bit`,
  async () => {
    const seed = faultsSeed();
    const orders = Array.from({ length: LANES }, (_, lane) => ({
      seed,
      lane,
      kills: KILLS_PER_LANE,
      dueSnapshots: 1,
      // Trimmed at every few snapshots, and the whole log from the first entry on.
      options: [
        ...(lane % 2 === 0 ? ["--past-per-tank", "300kB"] : ["--log-retention", "all"]),
        // From memory, and by replay.
        ...["--shared-memory", lane < LANES / 2 ? "auto" : "off"],
      ],
    }));
    const summary = await runLanes(orders);
    expect(summary.underCommands).toBe(LANES * KILLS_PER_LANE);
    for (const kills of Object.values(summary.kills)) expect(kills).toBeGreaterThan(0);
    expect(summary.acknowledged).toBeGreaterThan(summary.underCommands);
    if (process.platform === "linux") expect(summary.fromMemory).toBeGreaterThan(LANES);
    expect(summary.digests).toBeGreaterThan(summary.underCommands);
  },
  TIMEOUT_MS,
);
