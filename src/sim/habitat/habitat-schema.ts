import { PLANT_GENE_COUNT } from "../plants/plant-genome.ts";

/** Columns of what shares the tank with the fish; the same form as the tables in arena.ts. */

const F64 = ["f64", 1] as const;
const U32 = ["u32", 1] as const;

/** One row per crab. */
export const CRAB_SCHEMA = {
  /** Centre, pixels. */
  x: F64,
  y: F64,
  /** Pixels per tick, along the floor. */
  vx: F64,
  energy: F64,
  /** Relative to the mean crab; fixed for life. */
  size: F64,
  /** Ticks until it can kill again. */
  cooldown: U32,
} as const;

/** One row per plant, in the order of their spots: the same plants always give the same rows. */
export const PLANT_SCHEMA = {
  /** Foot of the plant, pixels: follows from the spot. */
  x: F64,
  y: F64,
  energy: F64,
  /** What is left of the nectar that it offers; 0 is none. */
  nectar: F64,
  /** Tick of the birth tank. */
  bornTick: F64,
  /** Ids as fish have them; counter 0 is nobody. */
  counter: F64,
  parentCounter: F64,
  keyHi: U32,
  keyLo: U32,
  parentHi: U32,
  parentLo: U32,
  /** Root spot: see plants/spots.ts. */
  spot: U32,
  /** Ticks lived. */
  age: U32,
  generation: U32,
  /** Tanks entered after the first. */
  hops: U32,
  offspring: U32,
  /** Ticks until the next nectar can come. */
  nectarWait: U32,
  /** Poker strategy, 0 … PLANT_STRATEGIES − 1. */
  strategy: U32,
  /** Ticks until it plays poker again. */
  cooldown: U32,
  genes: ["f32", PLANT_GENE_COUNT],
} as const;

/** One row per feeder. */
export const FEEDER_SCHEMA = {
  /** Mouth, pixels. */
  x: F64,
  y: F64,
  /** Energy in store. */
  stock: F64,
  /** What is left of the morsel that it offers; 0 is none. */
  morsel: F64,
  /** Index into FEEDER_KINDS. */
  kind: U32,
  /** Ticks until the next morsel can come. */
  cooldown: U32,
  /** Ticks for which some fish has been near. */
  dwell: U32,
} as const;
