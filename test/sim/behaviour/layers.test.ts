import { expect, test } from "bun:test";
import { DRIVE } from "../../../src/sim/behaviour/drive.ts";
import { FOOD_WAY, POKER_WAY, SOCIAL_WAY, THREAT_WAY } from "../../../src/sim/behaviour/ways.ts";
import { GENE } from "../../../src/sim/heredity/genes.ts";
import { step } from "../../../src/sim/index.ts";
import { PURSUIT_EFFORT } from "../../../src/sim/model.ts";
import type { Tank } from "../../../src/sim/state/tank.ts";
import { feed, putCrab, putFood, quietTank, setGene, setWays } from "../lonely.ts";
import { run, tankOf } from "../scripts.ts";

function speedOf(tank: Tank, row = 0): number {
  const { vx, vy } = tank.fish;
  return Math.sqrt((vx[row] as number) ** 2 + (vy[row] as number) ** 2);
}

/** What the fish would like, as a share of its top speed, along x and y. */
function wishOf(tank: Tank, row = 0): { x: number; y: number } {
  const top = tank.fish.maxSpeed[row] as number;
  const { wishX, wishY } = tank.scratch;
  return { x: (wishX[row] as number) / top, y: (wishY[row] as number) / top };
}

test("threat precedes food, food poker, poker company, and company wandering", () => {
  const tank = quietTank(3, 60);
  for (const row of [0, 1, 2]) {
    setWays(tank, row, { poker: POKER_WAY.aggressive, social: SOCIAL_WAY.loose });
    setGene(tank, row, GENE.pokerPriority, 1);
    setGene(tank, row, GENE.pokerMinEnergy, 0);
    tank.fish.age[row] = 700;
    tank.fish.pokerRestUntil[row] = 0;
    feed(tank, row, 0.45);
  }
  const drives = () => [...tank.scratch.drive.subarray(0, 3)];
  putFood(tank, 500, 420);
  putCrab(tank, 500, 190);
  step(tank);
  expect(drives()[0]).toBe(DRIVE.threat);
  tank.counters.crabs = 0;
  step(tank);
  expect(drives()[0]).toBe(DRIVE.food);
  tank.counters.food = 0;
  tank.fish.pokerRestUntil.fill(0);
  step(tank);
  expect(drives()[0]).toBe(DRIVE.poker);
  tank.fish.pokerRestUntil.fill(1e9);
  step(tank);
  expect(drives()[0]).toBe(DRIVE.social);
  for (const row of [0, 1, 2]) setWays(tank, row, { poker: POKER_WAY.passive });
  step(tank);
  expect(drives()).toEqual([DRIVE.wander, DRIVE.wander, DRIVE.wander]);
});

test("each threat response is its own: panic, stealth, freeze, dodging", () => {
  const wishes = Object.values(THREAT_WAY).map((threat) => {
    const tank = quietTank(1);
    setWays(tank, 0, { threat });
    setGene(tank, 0, GENE.freezeDistance, 100);
    putCrab(tank, 500, 380);
    step(tank);
    expect(tank.scratch.drive[0]).toBe(DRIVE.threat);
    return wishOf(tank);
  });
  const [panic, stealth, freeze, erratic] = wishes;
  expect(panic?.y).toBeLessThan(-0.3);
  expect(panic?.x).toBeCloseTo(0, 9);
  expect(stealth?.y).toBeGreaterThan(panic?.y ?? 0);
  expect(stealth?.y).toBeLessThan(0);
  expect([freeze?.x, freeze?.y].map((part) => Math.abs(part ?? 1))).toEqual([0, 0]);
  expect(Math.abs(erratic?.x ?? 0)).toBeGreaterThan(0.01);
});

test("the bold let a crab come nearer", () => {
  const flees = (aggression: number, distance: number) => {
    const tank = quietTank(1);
    setGene(tank, 0, GENE.aggression, aggression);
    setGene(tank, 0, GENE.fleeThreshold, 100);
    setGene(tank, 0, GENE.threatPriority, 0.8);
    putCrab(tank, 500, 300 + distance);
    step(tank);
    return tank.scratch.drive[0] === DRIVE.threat;
  };
  expect([flees(0, 115), flees(1, 115), flees(1, 75)]).toEqual([true, false, true]);
});

test("each way to approach food gets there", () => {
  for (const food of Object.values(FOOD_WAY)) {
    const tank = quietTank(1);
    setWays(tank, 0, { food });
    const before = tank.fish.energy[0] as number;
    let best = before;
    for (let i = 0; i < 400; i++) {
      // An item that does not sink.
      if (tank.counters.food === 0 && i === 0) putFood(tank, 640, 300);
      if (tank.counters.food > 0) {
        tank.food.vy[0] = 0;
        tank.food.y[0] = 300;
      }
      step(tank);
      best = Math.max(best, tank.fish.energy[0] as number);
    }
    expect(best - before).toBeGreaterThan(20);
  }
});

test("zigzag and circling leave the straight line, direct pursuit does not", () => {
  const sideways = (food: number) => {
    const tank = quietTank(1);
    setWays(tank, 0, { food });
    setGene(tank, 0, GENE.circleRadius, 60);
    putFood(tank, 600, 300);
    let most = 0;
    for (let i = 0; i < 20; i++) {
      tank.food.vy[0] = 0;
      tank.food.y[0] = 300;
      step(tank);
      most = Math.max(most, Math.abs(wishOf(tank).y));
    }
    return most;
  };
  expect(sideways(FOOD_WAY.direct)).toBeLessThan(0.05);
  expect(sideways(FOOD_WAY.zigzag)).toBeGreaterThan(0.2);
  expect(sideways(FOOD_WAY.circling)).toBeGreaterThan(0.2);
});

test("an ambusher creeps up and strikes fast", () => {
  const paceAt = (distance: number) => {
    const tank = quietTank(1);
    setWays(tank, 0, { food: FOOD_WAY.ambush });
    setGene(tank, 0, GENE.strikeDistance, 60);
    setGene(tank, 0, GENE.ambushPatience, 1);
    setGene(tank, 0, GENE.pursuitSpeed, 0.9);
    setGene(tank, 0, GENE.pursuitAggression, 0);
    setGene(tank, 0, GENE.urgency, 0.3);
    setGene(tank, 0, GENE.stamina, 0);
    feed(tank, 0, 0.5);
    putFood(tank, 500 + distance, 300);
    step(tank);
    return wishOf(tank).x;
  };
  expect(paceAt(50)).toBeCloseTo(Math.min(1, PURSUIT_EFFORT * 0.9 * 1.5), 3);
  expect(paceAt(100)).toBeCloseTo(PURSUIT_EFFORT * 0.9 * 0.3, 3);
  expect(paceAt(150)).toBeCloseTo(PURSUIT_EFFORT * 0.9 * 0.6, 3);
});

test("the hungry look further than the fed, and by night nobody sees as far", () => {
  const sees = (ratio: number, distance: number, tick = 900) => {
    const tank = quietTank(1);
    setGene(tank, 0, GENE.eye, 1);
    setGene(tank, 0, GENE.foodPriority, 0.725);
    tank.fish.sight[0] = 1;
    tank.counters.tick = tick;
    feed(tank, 0, ratio);
    putFood(tank, 500 + distance, 300);
    step(tank);
    return tank.scratch.drive[0] === DRIVE.food;
  };
  expect([sees(0.9, 170), sees(0.9, 200), sees(0.3, 290), sees(0.3, 310)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect([sees(0.1, 400), sees(0.1, 400, 0), sees(0.1, 300, 0)]).toEqual([true, false, true]);
});

test("players go to each other, those who avoid games keep away, the passive do not care", () => {
  const towards = (poker: number, ratio = 0.9) => {
    const tank = quietTank(2, 70);
    setWays(tank, 0, { poker });
    setWays(tank, 1, { poker: POKER_WAY.passive });
    setGene(tank, 0, GENE.pokerPriority, 1);
    setGene(tank, 0, GENE.pokerAvoidRadius, 100);
    setGene(tank, 0, GENE.aggression, 1);
    tank.fish.age[0] = 500;
    tank.fish.age[1] = 500;
    tank.fish.pokerRestUntil[0] = 0;
    feed(tank, 0, ratio);
    step(tank);
    return tank.scratch.drive[0] === DRIVE.poker ? wishOf(tank).x : 0;
  };
  expect(towards(POKER_WAY.aggressive)).toBeCloseTo(1, 6);
  expect(towards(POKER_WAY.aggressive, 0.3)).toBe(0);
  expect(towards(POKER_WAY.avoid)).toBeCloseTo(-0.5, 6);
  expect(towards(POKER_WAY.passive)).toBe(0);
});

test("schools draw together, followers follow those ahead of them, the solitary do neither", () => {
  const pull = (social: number) => {
    const tank = quietTank(2, 70);
    setWays(tank, 0, { poker: POKER_WAY.passive, social });
    setGene(tank, 0, GENE.social, 1);
    setGene(tank, 0, GENE.socialDistance, 80);
    setGene(tank, 0, GENE.socialPriority, 0.473);
    setGene(tank, 0, GENE.followDistance, 20);
    tank.fish.headingX[0] = 1;
    tank.fish.headingY[0] = 0;
    step(tank);
    return tank.scratch.drive[0] === DRIVE.social ? wishOf(tank).x : Number.NaN;
  };
  expect(pull(SOCIAL_WAY.loose)).toBeGreaterThan(0.02);
  expect(pull(SOCIAL_WAY.tight)).toBeGreaterThan(1.5 * pull(SOCIAL_WAY.loose));
  expect(pull(SOCIAL_WAY.follow)).toBeGreaterThan(0.3);
  expect(pull(SOCIAL_WAY.solo)).toBeNaN();
});

test("a leader is who is furthest ahead, not who is furthest to the right", () => {
  const tank = quietTank(3, 60);
  setWays(tank, 1, { poker: POKER_WAY.passive, social: SOCIAL_WAY.follow });
  setGene(tank, 1, GENE.social, 1);
  setGene(tank, 1, GENE.socialDistance, 80);
  setGene(tank, 1, GENE.followDistance, 20);
  setGene(tank, 1, GENE.socialPriority, 0.473);
  tank.fish.x[2] = 660;
  tank.fish.headingX[1] = -1;
  tank.fish.headingY[1] = 0;
  step(tank);
  expect(tank.scratch.drive[1]).toBe(DRIVE.social);
  expect(wishOf(tank, 1).x).toBeLessThan(-0.2);
});

test("nobody is faster than its body, whatever drives it", () => {
  const tank = quietTank(40, 8, 9);
  for (let i = 0; i < 30; i++) putFood(tank, 100 + 30 * i, 200, 5);
  putCrab(tank, 600, 400);
  for (let i = 0; i < 200; i++) {
    step(tank);
    for (let row = 0; row < tank.counters.fish; row++) {
      expect(speedOf(tank, row)).toBeLessThanOrEqual(
        (tank.fish.maxSpeed[row] as number) * 1.000001,
      );
    }
  }
});

test("decisions are mixed about as in the reference: food first, some flight, some company", () => {
  const counts = new Float64Array(8);
  let decisions = 0;
  for (const seed of [42, 7]) {
    const world = run(tankOf(seed, 10), 1_000);
    for (let i = 0; i < 3_000; i++) {
      step(world);
      for (const drive of world.scratch.drive.subarray(0, world.counters.fish)) {
        counts[drive] = (counts[drive] as number) + 1;
        decisions += 1;
      }
    }
  }
  const share = (drive: number) => (counts[drive] as number) / decisions;
  // The reference world: 77–81 % food, 4–5 % flight, 7–10 % games and company.
  // Only who was born in this very tick has not decided yet.
  expect(share(DRIVE.idle)).toBeLessThan(0.001);
  expect(share(DRIVE.food) + share(DRIVE.recall) + share(DRIVE.resting)).toBeGreaterThan(0.4);
  expect(share(DRIVE.threat)).toBeGreaterThan(0.02);
  expect(share(DRIVE.threat)).toBeLessThan(0.15);
  expect(share(DRIVE.poker)).toBeGreaterThan(0.005);
  expect(share(DRIVE.social)).toBeLessThan(0.4);
});
