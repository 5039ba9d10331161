import { detectionAt, timeOfDay } from "../habitat/daylight.ts";
import { sweepFood } from "../habitat/food.ts";
import { swimLiveFood } from "../habitat/live-food.ts";
import { steerFish } from "../life/steering.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import type { Tank } from "../state/tank.ts";
import { seekFood } from "./food.ts";
import { seekPoker } from "./poker.ts";
import { noteEvents, recallPlaces } from "./recall.ts";
import { school } from "./social.ts";
import { fleeCrabs, spotCrabs } from "./threat.ts";
import { wander } from "./wander.ts";

/**
 * Every fish decides where it would like to swim, by the first layer that has something for it:
 * threat, food in sight, food remembered, poker, company, wandering; then all steer. Live food
 * decides after them.
 */
export function decide(tank: Tank): void {
  flee(tank);
  forage(tank);
  meet(tank);
  steer(tank);
  swimPrey(tank);
}

function flee(tank: Tank): void {
  const { fish: f, bodies, crabs, counters, scratch: s } = tank;
  const n = counters.fish;
  spotCrabs(n, counters.crabs, crabs.x, crabs.y, s.fishGrid, s.threats);
  fleeCrabs(
    n,
    s.threats,
    crabs.x,
    crabs.y,
    f.x,
    f.y,
    s.size,
    f.energy,
    f.maxSpeed,
    f.niche,
    f.traits,
    f.dice,
    s.wishX,
    s.wishY,
    s.drive,
  );
  noteEvents(n, f.x, f.y, f.age, f.body, s.drive, s.grazing, bodies);
}

function forage(tank: Tank): void {
  const { fish: f, bodies, food, counters, scratch: s } = tank;
  seekFood(
    counters.fish,
    s.foodGrid,
    detectionAt(timeOfDay(counters.tick)),
    f.x,
    f.y,
    s.size,
    f.energy,
    f.sight,
    f.maxSpeed,
    f.age,
    f.niche,
    f.traits,
    food.vx,
    food.vy,
    food.energy,
    s.wishX,
    s.wishY,
    s.drive,
  );
  recallPlaces(
    counters.fish,
    f.x,
    f.y,
    s.size,
    f.energy,
    f.maxSpeed,
    f.age,
    f.niche,
    f.body,
    f.traits,
    bodies,
    s.wishX,
    s.wishY,
    s.drive,
  );
}

function meet(tank: Tank): void {
  const { fish: f, counters, scratch: s } = tank;
  const n = counters.fish;
  seekPoker(
    n,
    s.fishGrid,
    f.x,
    f.y,
    s.size,
    f.energy,
    f.maxSpeed,
    f.age,
    f.pokerRestUntil,
    f.niche,
    f.traits,
    f.dice,
    s.wishX,
    s.wishY,
    s.drive,
  );
  school(
    n,
    s.fishGrid,
    f.x,
    f.y,
    f.vx,
    f.vy,
    s.size,
    f.energy,
    f.headingX,
    f.headingY,
    f.maxSpeed,
    f.niche,
    f.traits,
    s.sums,
    s.wishX,
    s.wishY,
    s.drive,
  );
  wander(
    n,
    s.size,
    f.energy,
    f.maxSpeed,
    f.traits,
    f.headingX,
    f.headingY,
    f.dice,
    s.wishX,
    s.wishY,
    s.drive,
  );
}

function steer(tank: Tank): void {
  const { fish: f, counters, scratch: s } = tank;
  const turning = steerFish(
    counters.fish,
    s.drive,
    s.wishX,
    s.wishY,
    f.headingX,
    f.headingY,
    f.maxSpeed,
    s.size,
    f.vx,
    f.vy,
    f.energy,
  );
  book(s.flows, CAUSE.turning, turning);
}

function swimPrey(tank: Tank): void {
  const { food, counters, scratch: s, arena } = tank;
  swimLiveFood(
    counters.food,
    s.fishGrid,
    arena.streams,
    food.x,
    food.y,
    food.vx,
    food.vy,
    food.kind,
    food.age,
    food.nudgeAt,
    s.feared,
  );
  sweepFood(tank);
}
