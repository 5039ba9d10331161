import { SUMS } from "../behaviour/social.ts";
import { NICHES } from "../behaviour/ways.ts";
import { CRABS_REFERENCE, FEEDER_KINDS, PLANT_SPOTS } from "../habitat/habitat-model.ts";
import { FISH_REFERENCE, FOOD_MAX, FOUNDERS_MAX, TANK_HEIGHT, TANK_WIDTH } from "../model.ts";
import { makeParlour, type Parlour } from "../poker/rounds.ts";
import type { TankSpec } from "../types.ts";
import {
  type Allocate,
  type Arena,
  allocateArena,
  type BodyColumns,
  type Capacities,
  type CrabColumns,
  type FeederColumns,
  type FishColumns,
  type FoodColumns,
  growArena,
  heap,
  type PlantColumns,
  TABLE_NAMES,
  type TableName,
} from "./arena.ts";
import { freeBodies } from "./bodies.ts";
import { type Counters, emptyCounters } from "./counters.ts";
import { ACCOUNT_COUNT, FLOW_CELLS } from "./energy-ledger.ts";
import { type Grid, makeGrid } from "./grid.ts";
import { parseKey } from "./ids.ts";

/** Work space of a tick. Nothing in it outlives the tick, so it is no part of the state. */
export interface Scratch {
  readonly fishGrid: Grid;
  readonly foodGrid: Grid;
  /** Size of each fish at its age. */
  readonly size: Float64Array;
  /** Velocity that a fish would like to have, px/tick. */
  readonly wishX: Float64Array;
  readonly wishY: Float64Array;
  /** What moves it: see behaviour/drive.ts. */
  readonly drive: Uint8Array;
  /** Not 0: leaves its table at the next sweep. */
  readonly fishMarks: Uint8Array;
  readonly foodMarks: Uint8Array;
  /** Sums over one fish's neighbours: see behaviour/social.ts. */
  readonly sums: Float64Array;
  /** Not 0: has mated in this tick. */
  readonly mated: Uint8Array;
  /** The arena's flows of energy, for those who book: see energy-ledger.ts. */
  readonly flows: Float64Array;
  /** What a tick burns: see metabolism.ts. */
  readonly burnt: Float64Array;
  /** What had flowed and what the accounts held when the tick began, and what they hold now. */
  readonly flowsBefore: Float64Array;
  readonly heldBefore: Float64Array;
  readonly held: Float64Array;
  /** 1 + row of the nearest crab in sight of each fish; 0 is none. */
  readonly threats: Uint32Array;
  /** Fish of each niche: see diversity.ts. */
  readonly niches: Uint32Array;
  /** Not 0: eats what a plant or feeder offers. */
  readonly grazing: Uint8Array;
  /** Not 0: a crab has killed it in this tick. */
  readonly slain: Uint8Array;
  /** Owners of the nectar and morsels on offer: see offers.ts. */
  readonly offers: Uint32Array;
  /** How many of them are plants, and how many there are in all. */
  readonly offerCounts: Uint32Array;
  /** The fish that frighten one live food item: see live-food.ts. */
  readonly feared: Int32Array;
  /** Where poker is played: see poker/rounds.ts. */
  readonly parlour: Parlour;
}

/**
 * One world. Outside src/sim only `tick`, `width`, `height` and `cap` are of use; the rest is the
 * engine's own and changes under its hands.
 */
export interface Tank {
  readonly tick: number;
  readonly width: number;
  readonly height: number;
  /** Population at which births, spawns and imports stop. */
  readonly cap: number;
  /** Area relative to the reference tank. */
  readonly scale: number;
  /** Root spots of plants: see plants/spots.ts. */
  readonly plantSpots: number;
  /** Floors: the lowest is the tank's, a large tank has one more for each reference height. */
  readonly shelves: number;
  /** Food items that may lie in the tank. */
  readonly foodCap: number;
  readonly spec: TankSpec;
  readonly key: { readonly hi: number; readonly lo: number };
  readonly counters: Counters;
  arena: Arena;
  fish: FishColumns;
  /** Genome, memory and learning of the fish in `row` are in row `fish.body[row]`. */
  bodies: BodyColumns;
  /** Rows of `bodies` that nobody has; the last is taken first. */
  freeBodies: number[];
  food: FoodColumns;
  crabs: CrabColumns;
  plants: PlantColumns;
  feeders: FeederColumns;
  scratch: Scratch;
  /** Told of each fish that dies, while its row still stands. No part of the state. */
  onDeath: ((row: number) => void) | undefined;
}

/** A tank with nobody in it. Throws RangeError when the spec is impossible. */
export function makeTank(spec: TankSpec, allocate: Allocate = heap): Tank {
  return tankIn(spec, (capacities) => allocateArena(capacities, allocate));
}

/** A tank around an arena, which gets the capacities that a new tank needs. */
export function tankIn(spec: TankSpec, arenaFor: (capacities: Capacities) => Arena): Tank {
  const key = parseKey(spec.tankKey);
  if (key === undefined) throw new RangeError("tankKey must be 16 lower-case hex digits");
  requireInteger("seed", spec.seed, Number.MAX_SAFE_INTEGER);
  requireInteger("fish", spec.fish, FOUNDERS_MAX);
  const scale = Math.max(1, spec.fish / FISH_REFERENCE);
  const width = Math.floor(TANK_WIDTH * Math.sqrt(scale));
  const height = Math.floor(TANK_HEIGHT * Math.sqrt(scale));
  const cap = Math.max(FISH_REFERENCE, spec.fish);
  const spots = Math.floor(PLANT_SPOTS * scale);
  const foodCap = Math.floor(FOOD_MAX * scale);
  const feeders = FEEDER_KINDS.length * Math.floor(scale);
  const arena = arenaFor({
    fish: cap,
    // What plants and feeders offer stands behind the items while fish look and eat.
    food: foodCap + spots + feeders,
    crabs: CRABS_REFERENCE * Math.floor(scale),
    plants: spots,
    feeders,
    bodies: cap,
  });
  const counters = emptyCounters();
  return {
    get tick() {
      return counters.tick;
    },
    width,
    height,
    cap,
    scale,
    plantSpots: spots,
    shelves: Math.max(1, Math.floor(Math.sqrt(scale))),
    foodCap,
    spec: { seed: spec.seed, fish: spec.fish, tankKey: spec.tankKey },
    key,
    counters,
    arena,
    fish: arena.fish.columns,
    bodies: arena.bodies.columns,
    freeBodies: freeBodies(0, arena.bodies.capacity),
    food: arena.food.columns,
    crabs: arena.crabs.columns,
    plants: arena.plants.columns,
    feeders: arena.feeders.columns,
    scratch: makeScratch(width, height, arena),
    onDeath: undefined,
  };
}

/** Makes sure that so many rows fit into the tables named. Rows keep their content. */
export function reserveRows(tank: Tank, rows: Partial<Capacities>): void {
  const bodiesBefore = tank.arena.bodies.capacity;
  const needed = { ...rows, bodies: rows.fish ?? 0 };
  const more: Partial<Record<TableName, number>> = {};
  for (const name of TABLE_NAMES) {
    const { capacity } = tank.arena[name];
    const count = needed[name] ?? 0;
    if (count > capacity) more[name] = Math.max(count, Math.floor(capacity * 1.5));
  }
  if (Object.keys(more).length === 0) return;
  const arena = growArena(tank.arena, more);
  tank.arena = arena;
  tank.fish = arena.fish.columns;
  tank.bodies = arena.bodies.columns;
  tank.freeBodies.unshift(...freeBodies(bodiesBefore, arena.bodies.capacity));
  tank.food = arena.food.columns;
  tank.crabs = arena.crabs.columns;
  tank.plants = arena.plants.columns;
  tank.feeders = arena.feeders.columns;
  // Books may be open: what they began with stays.
  const { heldBefore, flowsBefore } = tank.scratch;
  tank.scratch = { ...makeScratch(tank.width, tank.height, arena), heldBefore, flowsBefore };
}

/**
 * What `plants` plants need beside their rows: each may offer nectar, which stands behind the food
 * items. More than there are spots are there only when some came back to a full tank.
 */
export function roomForPlants({ foodCap, arena }: Tank, plants: number): Partial<Capacities> {
  return { plants, food: foodCap + plants + arena.feeders.capacity };
}

/**
 * Makes sure that what the counters say fits: as much room as a tank that came there by itself has.
 */
export function reserveAll(tank: Tank): void {
  const { counters, plantSpots } = tank;
  reserveRows(tank, counters);
  if (counters.plants > plantSpots) {
    reserveRows(tank, roomForPlants(tank, plantSpots + counters.plants));
  }
}

/** Rows in use of a table. */
export function rowsIn({ counters }: Tank, name: TableName): number {
  return name === "bodies" ? counters.fish : counters[name];
}

function makeScratch(width: number, height: number, arena: Arena): Scratch {
  const fish = arena.fish.capacity;
  const food = arena.food.capacity;
  return {
    fishGrid: makeGrid(width, height, fish),
    foodGrid: makeGrid(width, height, food),
    size: new Float64Array(fish),
    wishX: new Float64Array(fish),
    wishY: new Float64Array(fish),
    drive: new Uint8Array(fish),
    fishMarks: new Uint8Array(fish),
    foodMarks: new Uint8Array(food),
    sums: new Float64Array(SUMS),
    mated: new Uint8Array(fish),
    flows: arena.flows,
    burnt: new Float64Array(3),
    flowsBefore: new Float64Array(FLOW_CELLS),
    held: new Float64Array(ACCOUNT_COUNT),
    heldBefore: new Float64Array(ACCOUNT_COUNT),
    threats: new Uint32Array(fish),
    niches: new Uint32Array(NICHES),
    grazing: new Uint8Array(fish),
    slain: new Uint8Array(fish),
    offers: new Uint32Array(arena.plants.capacity + arena.feeders.capacity),
    offerCounts: new Uint32Array(2),
    feared: new Int32Array(2),
    parlour: makeParlour(width, height, fish + arena.plants.capacity),
  };
}

function requireInteger(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${name} must be a whole number from 0 to ${max}`);
}
