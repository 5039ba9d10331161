import { apply } from "./commands.ts";
import { foundCrabs } from "./habitat/crabs.ts";
import { foundFeeders } from "./habitat/feeders.ts";
import { dropFood } from "./habitat/food.ts";
import { foundPopulation } from "./life/lifecycle.ts";
import { FOOD_AT_START } from "./model.ts";
import { foundGarden } from "./plants/garden.ts";
import { type Allocate, heap } from "./state/arena.ts";
import { book, CAUSE, checkEnergy, openBooks } from "./state/energy-ledger.ts";
import { STREAM, seedStreams } from "./state/rng.ts";
import { makeTank, type Tank } from "./state/tank.ts";
import { advance } from "./tick.ts";
import type { Command, Outcome, TankSpec } from "./types.ts";

/** A new tank at tick 0 with its founders. Throws RangeError when the spec is impossible. */
export function createTank(spec: TankSpec, allocate: Allocate = heap): Tank {
  const tank = makeTank(spec, allocate);
  seedStreams(tank.arena.streams, spec.seed);
  openBooks(tank);
  foundPopulation(tank);
  foundGarden(tank);
  foundCrabs(tank);
  foundFeeders(tank);
  for (let i = 0; i < FOOD_AT_START * tank.scale; i++) {
    book(tank.scratch.flows, CAUSE.food_spawn, dropFood(tank, STREAM.founding));
  }
  checkEnergy(tank);
  return tank;
}

/** Carries out the commands in order, then one tick. */
export function step(tank: Tank, commands: readonly Command[] = []): readonly Outcome[] {
  const outcomes = commands.map((command) => apply(tank, command));
  advance(tank);
  return outcomes;
}
