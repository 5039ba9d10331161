import { decide } from "./behaviour/decide.ts";
import { feedCrabs, hunt, walkCrabs } from "./habitat/crabs.ts";
import { activityAt, timeOfDay } from "./habitat/daylight.ts";
import { tendFeeders } from "./habitat/feeders.ts";
import { SINK, spawnFood, sweepFood } from "./habitat/food.ts";
import { layOut, takeBack } from "./habitat/offers.ts";
import { watchDiversity } from "./heredity/diversity.ts";
import { breed } from "./heredity/reproduction.ts";
import { eatFood, markEaten } from "./life/eating.ts";
import { buryDead, spawnEmergency } from "./life/lifecycle.ts";
import { BURNT, measureSizes, metabolise } from "./life/metabolism.ts";
import { marginsOf, moveFish, moveFood } from "./life/motion.ts";
import { buryWithered, sproutEmergency } from "./plants/garden.ts";
import { growPlants } from "./plants/growth.ts";
import { checkPlants } from "./plants/plant-ledger.ts";
import { playPoker } from "./poker/rounds.ts";
import { book, CAUSE, checkEnergy, openBooks } from "./state/energy-ledger.ts";
import { fillGrid, fillGridWith } from "./state/grid.ts";
import { checkTank, sumOf } from "./state/ledger.ts";
import type { Tank } from "./state/tank.ts";

/**
 * One tick. Everybody moves by the velocity of the tick before; then eats, decides, plays and
 * breeds by the same picture of where all are; then pays for the tick, and the dead leave. Rows are
 * dense from `move` to `metabolise`: nobody leaves in between, and newborns come after the last
 * row.
 */
export function advance(tank: Tank): void {
  tank.counters.tick += 1;
  openBooks(tank);
  move(tank);
  look(tank);
  eat(tank);
  decide(tank);
  playPoker(tank);
  breed(tank);
  payForTick(tank);
  hunt(tank);
  buryDead(tank);
  tend(tank);
  const energy = sumOf(tank.fish.energy, tank.counters.fish);
  spawnFood(tank, energy);
  spawnEmergency(tank);
  watchDiversity(tank);
  checkTank(tank, energy);
  checkEnergy(tank);
  checkPlants(tank);
}

function move(tank: Tank): void {
  const { fish: f, food, counters, scratch, width, height } = tank;
  const { right, bottom } = marginsOf(width, height);
  walkCrabs(tank);
  moveFish(counters.fish, right, bottom, f.x, f.y, f.vx, f.vy, f.headingX, f.headingY);
  moveFood(
    counters.food,
    right,
    bottom,
    height,
    SINK,
    food.x,
    food.y,
    food.vx,
    food.vy,
    food.energy,
    food.closed,
    food.opensAt,
    food.kind,
    food.age,
    scratch.foodMarks,
  );
  sweepFood(tank);
}

/** Sizes and places, as everybody sees them in this tick. */
function look(tank: Tank): void {
  const { fish, food, counters, scratch } = tank;
  measureSizes(counters.fish, fish.age, fish.girth, scratch.size);
  fillGrid(scratch.fishGrid, counters.fish, fish.x, fish.y);
  fillGridWith(scratch.foodGrid, layOut(tank), food.x, food.y, food.energy);
}

function eat(tank: Tank): void {
  const { fish: f, food, counters, scratch: s } = tank;
  const bites = eatFood(
    counters.fish,
    s.foodGrid,
    f.x,
    f.y,
    s.size,
    f.energy,
    f.bank,
    food.energy,
    counters.food,
    s.drive,
    s.grazing,
  );
  book(s.flows, CAUSE.bites, bites);
  feedCrabs(tank);
  takeBack(tank);
  markEaten(counters.food, food.energy, food.closed, s.foodMarks);
}

/** Plants and feeders. */
function tend(tank: Tank): void {
  buryWithered(tank);
  growPlants(tank);
  sproutEmergency(tank);
  tendFeeders(tank);
}

function payForTick(tank: Tank): void {
  const { fish: f, counters, scratch: s } = tank;
  const n = counters.fish;
  const activity = activityAt(timeOfDay(counters.tick));
  metabolise(
    n,
    activity,
    s.size,
    f.metabolism,
    f.maxSpeed,
    f.lifespan,
    f.vx,
    f.vy,
    f.age,
    f.energy,
    s.burnt,
  );
  book(s.flows, CAUSE.existence, s.burnt[BURNT.existence]);
  book(s.flows, CAUSE.metabolism, s.burnt[BURNT.metabolism]);
  book(s.flows, CAUSE.movement, s.burnt[BURNT.movement]);
}
