import { CRAB_SCHEMA, FEEDER_SCHEMA, PLANT_SCHEMA } from "../habitat/habitat-schema.ts";
import { GENE_CELLS, TRAIT_CELLS } from "../heredity/genes.ts";
import { INFORMATION_SETS, MEMORY_CELLS, REGRET_CELLS } from "../model.ts";
import { COUNTER_NAMES } from "./counters.ts";
import { FLOW_CELLS } from "./energy-ledger.ts";
import { STREAM_WORDS } from "./rng.ts";

/**
 * The state of a tank lies in one ArrayBuffer of typed-array columns (struct of arrays), so that a
 * snapshot is a copy of its words and a digest a hash of them. Rows are dense: 0 … count − 1.
 */
type Element = "f64" | "f32" | "u32";
type Schema = Readonly<Record<string, readonly [Element, number]>>;

type ArrayOf<E extends Element> = E extends "f64"
  ? Float64Array
  : E extends "f32"
    ? Float32Array
    : Uint32Array;

export type Columns<S extends Schema> = { readonly [C in keyof S]: ArrayOf<S[C][0]> };

const F64 = ["f64", 1] as const;
const U32 = ["u32", 1] as const;

/** One row per living fish. 64-bit columns first, so that each lies aligned. */
export const FISH_SCHEMA = {
  /** Centre, pixels. */
  x: F64,
  y: F64,
  /** Pixels per tick. */
  vx: F64,
  vy: F64,
  /** Where it drifts when nothing draws it; a unit vector. */
  headingX: F64,
  headingY: F64,
  energy: F64,
  /** Overflow that funds births. */
  bank: F64,
  /** Tick of the birth tank, whose key is the first half of the id. */
  bornTick: F64,
  /** Energy won at poker less energy lost. */
  pokerNet: F64,
  /** Ids: key in two halves and counter. Counter 0 is nobody. */
  counter: F64,
  motherCounter: F64,
  fatherCounter: F64,
  /** Expressed from the genome at entry: see phenotype.ts. */
  girth: F64,
  maxSpeed: F64,
  metabolism: F64,
  sight: F64,
  lifespan: U32,
  keyHi: U32,
  keyLo: U32,
  motherHi: U32,
  motherLo: U32,
  fatherHi: U32,
  fatherLo: U32,
  /** Ticks lived. */
  age: U32,
  generation: U32,
  /** Tanks entered after the first. */
  hops: U32,
  offspring: U32,
  /** State of the fish's own random stream. */
  dice: U32,
  /** Its ways of behaviour, from the genome: see behaviour/ways.ts. */
  niche: U32,
  /** Index into ORIGINS: how it came into the world. */
  origin: U32,
  /** Age until which it plays no poker. */
  pokerRestUntil: U32,
  pokerGames: U32,
  pokerWins: U32,
  /** 1 + its age when a crab last touched it; 0 is never. */
  crabbedAt: U32,
  /** Values of the first genes, copied from the genome to lie close together. */
  traits: ["f32", TRAIT_CELLS],
  /** Its row in the table of bodies: see bodies.ts. */
  body: U32,
} as const satisfies Schema;

/** What is large about a fish, 3.7 kB of it: see bodies.ts. */
export const BODY_SCHEMA = {
  genes: ["f32", GENE_CELLS],
  /**
   * Places it remembers: MEMORY_PLACES for each of MEMORY_KINDS. Fixed places per kind need no
   * list; a strength needs no decay pass, since what is left of it follows from the age at which it
   * was noted.
   */
  memoryX: ["f32", MEMORY_CELLS],
  memoryY: ["f32", MEMORY_CELLS],
  memoryStrength: ["f32", MEMORY_CELLS],
  /** 1 + its age when the place was last renewed; 0 is an empty place. */
  memoryAge: ["u32", MEMORY_CELLS],
  /** What it has learned at poker: regret of each action in each information set, and visits. */
  regrets: ["f32", REGRET_CELLS],
  visits: ["u32", INFORMATION_SETS],
} as const satisfies Schema;

/** One row per food item. */
export const FOOD_SCHEMA = {
  x: F64,
  y: F64,
  vx: F64,
  vy: F64,
  /** What is left of it; 0 is eaten, or still closed. */
  energy: F64,
  /** Energy of a pellet that has not opened yet; nobody sees or bites it. */
  closed: F64,
  /** Depth at which a pellet opens, pixels. */
  opensAt: F64,
  /** Index into FOOD_KINDS. */
  kind: U32,
  /** Ticks since it was dropped. */
  age: U32,
  /** Age at which live food turns again. */
  nudgeAt: U32,
} as const satisfies Schema;

export type FishColumns = Columns<typeof FISH_SCHEMA>;
export type BodyColumns = Columns<typeof BODY_SCHEMA>;
export type FoodColumns = Columns<typeof FOOD_SCHEMA>;
export type CrabColumns = Columns<typeof CRAB_SCHEMA>;
export type PlantColumns = Columns<typeof PLANT_SCHEMA>;
export type FeederColumns = Columns<typeof FEEDER_SCHEMA>;

/** Every table, in the order in which they lie in memory, in a snapshot and in the digest. */
const SCHEMAS = {
  fish: FISH_SCHEMA,
  food: FOOD_SCHEMA,
  crabs: CRAB_SCHEMA,
  plants: PLANT_SCHEMA,
  feeders: FEEDER_SCHEMA,
  bodies: BODY_SCHEMA,
} as const;

export type TableName = keyof typeof SCHEMAS;
export const TABLE_NAMES = Object.keys(SCHEMAS) as readonly TableName[];

/** One row, at the beginning of the arena. */
const TANK_SCHEMA = {
  /** {@link FORM} of an arena that was parked; stays at this place in every form. */
  form: U32,
  /** The counters and the capacities of the tables, when the arena is parked: see wire/live.ts. */
  counters: ["f64", COUNTER_NAMES.length],
  /** Energy that ever flowed, by cause: see energy-ledger.ts. */
  flows: ["f64", FLOW_CELLS],
  streams: ["u32", STREAM_WORDS],
  capacities: ["u32", TABLE_NAMES.length],
} as const satisfies Schema;

/** Rows that each table has room for. */
export type Capacities = Readonly<Record<TableName, number>>;

/** A column seen as 32-bit words. */
export interface Placed {
  readonly name: string;
  readonly array: Float64Array | Float32Array | Uint32Array;
  readonly words: Uint32Array;
  /** Elements and words of one row. */
  readonly width: number;
  readonly wordWidth: number;
}

export interface Table<S extends Schema> {
  readonly columns: Columns<S>;
  readonly placed: readonly Placed[];
  readonly capacity: number;
}

export type Arena = { readonly [N in TableName]: Table<(typeof SCHEMAS)[N]> } & Columns<
  typeof TANK_SCHEMA
> & { readonly buffer: ArrayBuffer; readonly allocate: Allocate };

/** Gives memory of at least so many bytes, all zero. */
export type Allocate = (bytes: number) => ArrayBuffer;

export const heap: Allocate = (bytes) => new ArrayBuffer(bytes);

const TANK_BYTES = tableBytes(TANK_SCHEMA, 1);

/** Tells which build of the engine can read an arena: one with the same columns and counters. */
export const FORM = formOf(JSON.stringify([TANK_SCHEMA, SCHEMAS, COUNTER_NAMES]));

/** FNV-1a, 32 bits. */
function formOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** An arena with room for that many rows, all zero. */
export function allocateArena(capacities: Capacities, allocate: Allocate): Arena {
  return { ...layOut(allocate(arenaBytes(capacities)), capacities), allocate };
}

/** The arena that was parked in this memory. Undefined where none of this form was. */
export function findArena(buffer: ArrayBuffer, allocate: Allocate): Arena | undefined {
  if (buffer.byteLength < TANK_BYTES) return undefined;
  const { form, capacities } = placeTable(TANK_SCHEMA, 1, buffer, 0).columns;
  if (form[0] !== FORM) return undefined;
  const parked = Object.fromEntries(
    TABLE_NAMES.map((name, index) => [name, capacities[index]]),
  ) as Capacities;
  if (arenaBytes(parked) > buffer.byteLength) return undefined;
  return { ...layOut(buffer, parked), allocate };
}

function arenaBytes(capacities: Capacities): number {
  return TABLE_NAMES.reduce(
    (sum, name) => sum + tableBytes(SCHEMAS[name], capacities[name]),
    TANK_BYTES,
  );
}

function layOut(buffer: ArrayBuffer, capacities: Capacities): Omit<Arena, "allocate"> {
  const tables: Partial<Record<TableName, Table<Schema>>> = {};
  let at = TANK_BYTES;
  for (const name of TABLE_NAMES) {
    tables[name] = placeTable(SCHEMAS[name], capacities[name], buffer, at);
    at += tableBytes(SCHEMAS[name], capacities[name]);
  }
  return { ...tables, ...placeTable(TANK_SCHEMA, 1, buffer, 0).columns, buffer } as Arena;
}

/** A larger arena with the same content. */
export function growArena(arena: Arena, more: Partial<Capacities>): Arena {
  const entries = TABLE_NAMES.map((name) => [name, more[name] ?? arena[name].capacity] as const);
  const grown = allocateArena(Object.fromEntries(entries) as Capacities, arena.allocate);
  for (const name of TABLE_NAMES) copyTable(arena[name].placed, grown[name].placed);
  grown.flows.set(arena.flows);
  grown.streams.set(arena.streams);
  return grown;
}

/** Moves the rows [from, end) so that they start at `to`. */
export function moveRows(
  table: { readonly placed: readonly Placed[] },
  to: number,
  from: number,
  end: number,
): void {
  for (const { words, wordWidth } of table.placed) {
    words.copyWithin(to * wordWidth, from * wordWidth, end * wordWidth);
  }
}

/**
 * Removes the rows whose mark is not 0 and closes the gaps in order.
 * Returns the rows that remain.
 */
export function removeMarked(
  table: { readonly placed: readonly Placed[] },
  marks: Uint8Array,
  count: number,
): number {
  let kept = 0;
  let row = 0;
  while (row < count) {
    while (row < count && marks[row] !== 0) row++;
    const from = row;
    while (row < count && marks[row] === 0) row++;
    if (from !== kept && row > from) moveRows(table, kept, from, row);
    kept += row - from;
  }
  return kept;
}

function copyTable(from: readonly Placed[], to: readonly Placed[]): void {
  for (const [index, column] of to.entries()) {
    column.words.set(from[index].words);
  }
}

function tableBytes(schema: Schema, capacity: number): number {
  let bytes = 0;
  for (const [element, width] of Object.values(schema)) {
    bytes += columnBytes(element, width, capacity);
  }
  return bytes;
}

/** Columns start at multiples of 8 bytes. */
function columnBytes(element: Element, width: number, capacity: number): number {
  const bytes = (element === "f64" ? 8 : 4) * width * capacity;
  return (bytes + 7) & ~7;
}

function placeTable<S extends Schema>(
  schema: S,
  capacity: number,
  buffer: ArrayBuffer,
  offset: number,
): Table<S> {
  const columns: Record<string, Placed["array"]> = {};
  const placed: Placed[] = [];
  let at = offset;
  for (const [name, [element, width]] of Object.entries(schema)) {
    const array = viewOf(element, buffer, at, width * capacity);
    const wordWidth = element === "f64" ? 2 * width : width;
    const words = new Uint32Array(buffer, at, wordWidth * capacity);
    columns[name] = array;
    placed.push({ name, array, words, width, wordWidth });
    at += columnBytes(element, width, capacity);
  }
  return { columns: columns as Columns<S>, placed, capacity };
}

function viewOf(element: Element, buffer: ArrayBuffer, at: number, length: number) {
  if (element === "f64") return new Float64Array(buffer, at, length);
  if (element === "f32") return new Float32Array(buffer, at, length);
  return new Uint32Array(buffer, at, length);
}
