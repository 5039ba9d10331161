/** Whole tanks that move while everything goes wrong. */
import { describe, expect, test } from "bun:test";
import { auditBy, isSettled } from "./checks.ts";
import { SimulatedCluster } from "./cluster.ts";
import { killAtCall, VICTIMS } from "./move-kills.ts";
import { MOVE_SABOTAGE, type MoveSabotageName } from "./move-sabotage.ts";
import { isAtHome, Mover, movesMade, runMoves, SECRET } from "./moves.ts";
import { Nemesis } from "./nemesis.ts";
import { connectInRing, stopMigrating } from "./scenario.ts";

/** More of them: `MOVE_SEEDS=1000 bun test ./test/simulation/moves.test.ts`. */
const SEEDS = Number(process.env["MOVE_SEEDS"] ?? 12);
/** Of the moments at which a node may be killed, every so many; `MOVE_KILLS=1` for each. */
const KILL_STRIDE = Number(process.env["MOVE_KILLS"] ?? 7);
const SABOTAGE_SEEDS = 40;
const AUDIT_SEEDS = 4;
const TIMEOUT_MS = 120_000;

describe("tanks that move through kills, losses, copies, partitions and full disks", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        const { findings, moved } = await runMoves({ seed });
        expect(findings).toEqual([]);
        expect(moved).toBeGreaterThan(0);
      },
      TIMEOUT_MS,
    );
  }
});

describe("a node that is killed at a moment of a move", () => {
  test.each(VICTIMS)(
    "%s: the tank and its fish are on one node",
    async (victim) => {
      const outcomes = new Set<boolean>();
      for (let n = 0; ; n += KILL_STRIDE) {
        const { killed, at, moved, findings } = await killAtCall(victim, n);
        if (!killed) break;
        outcomes.add(moved);
        expect([n, at, findings]).toEqual([n, at, []]);
      }
      // Before anything is durable it may be forgotten or refused; most often it comes to its end.
      expect(outcomes).toContain(true);
    },
    30 * TIMEOUT_MS,
  );
});

describe("an audit while tanks move", () => {
  for (let seed = 1; seed <= AUDIT_SEEDS; seed++) {
    test(
      `seed ${seed} accuses nobody, and is fine once it is over`,
      async () => {
        const isStorm = seed % 2 === 0;
        const cluster = new SimulatedCluster({ seed, nodes: 3, fish: 30, secret: SECRET });
        const { world } = cluster;
        const [nemesis, mover] = [new Nemesis(cluster), new Mover(cluster)];
        cluster.bootAll();
        await world.run(8_000);
        await connectInRing(cluster);
        if (isStorm) nemesis.rage();
        mover.start();
        for (let turn = 0; turn < 60; turn++) {
          await world.run(world.nowMs + 700);
          const core = cluster.cores[turn % Math.max(1, cluster.cores.length)];
          const result = core && (await auditBy(cluster, core, 15_000));
          if (!result) continue;
          expect([seed, turn, result.missing, result.double]).toEqual([seed, turn, [], []]);
        }
        mover.stop();
        nemesis.calm();
        await stopMigrating(cluster);
        await world.runUntil(world.nowMs + 240_000, () => isSettled(cluster) && isAtHome(cluster));
        expect(movesMade(cluster)).toBeGreaterThan(0);
        const [core] = cluster.cores;
        expect(core && (await auditBy(cluster, core))).toMatchObject({ ok: true, tanks: 3 });
      },
      TIMEOUT_MS,
    );
  }
});

describe("a broken promise is noticed", () => {
  const names = Object.keys(MOVE_SABOTAGE) as MoveSabotageName[];
  test.each(names)(
    "%s",
    async (sabotage) => {
      expect(await seedThatNotices(sabotage)).toBeDefined();
    },
    TIMEOUT_MS * SABOTAGE_SEEDS,
  );
});

async function seedThatNotices(sabotage: MoveSabotageName): Promise<number | undefined> {
  for (let seed = 1; seed <= SABOTAGE_SEEDS; seed++) {
    try {
      if ((await runMoves({ seed, sabotage })).findings.length > 0) return seed;
    } catch {
      // The product's own assertions have noticed it, which is as good.
      return seed;
    }
  }
  return undefined;
}
