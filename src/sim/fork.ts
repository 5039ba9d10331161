import { type Placed, TABLE_NAMES } from "./state/arena.ts";
import { numberBodies, settleBodies } from "./state/bodies.ts";
import { NO_FISH_EVENTS, NO_PLANT_EVENTS } from "./state/counters.ts";
import { foundBooks } from "./state/energy-ledger.ts";
import { formatId } from "./state/ids.ts";
import { makeTank, reserveAll, rowsIn, type Tank } from "./state/tank.ts";

/**
 * The same world under another key: whoever lives in it gets an id of the new tank, in the order in
 * which they lie, so that no row moves; parents that live too are named by their new ids, the
 * others stay as lineage. Its ledgers begin anew with those who are there. It goes on to live
 * exactly the life of the original, as long as nobody comes in from outside.
 *
 * `tank` stays as it is. Throws RangeError for a key that is none, or the tank's own.
 */
export function fork(tank: Tank, tankKey: string): Tank {
  if (tankKey === tank.spec.tankKey) throw new RangeError("a fork needs a tank key of its own");
  const twin = copyOf(tank, tankKey);
  renameAll(twin);
  beginLedgers(twin);
  return twin;
}

function copyOf(tank: Tank, tankKey: string): Tank {
  settleBodies(tank);
  const twin = makeTank({ ...tank.spec, tankKey });
  Object.assign(twin.counters, tank.counters);
  reserveAll(twin);
  twin.arena.streams.set(tank.arena.streams);
  for (const name of TABLE_NAMES) {
    copyRows(tank.arena[name].placed, twin.arena[name].placed, rowsIn(tank, name));
  }
  numberBodies(twin);
  return twin;
}

function copyRows(from: readonly Placed[], to: readonly Placed[], count: number): void {
  for (const [index, { words, wordWidth }] of to.entries()) {
    words.set((from[index] as Placed).words.subarray(0, count * wordWidth));
  }
}

/** Columns that hold one id in three parts. */
interface IdColumns {
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
  readonly counter: Float64Array;
}

/** New ids from 1: fish first, then plants, as at a founding. */
function renameAll(tank: Tank): void {
  const { fish, plants, counters } = tank;
  const renamed = new Map<string, number>();
  counters.lastId = 0;
  const fishIds = { hi: fish.keyHi, lo: fish.keyLo, counter: fish.counter };
  const plantIds = { hi: plants.keyHi, lo: plants.keyLo, counter: plants.counter };
  giveIds(tank, fishIds, counters.fish, renamed);
  giveIds(tank, plantIds, counters.plants, renamed);
  const lineages: readonly (readonly [IdColumns, number])[] = [
    [{ hi: fish.motherHi, lo: fish.motherLo, counter: fish.motherCounter }, counters.fish],
    [{ hi: fish.fatherHi, lo: fish.fatherLo, counter: fish.fatherCounter }, counters.fish],
    [{ hi: plants.parentHi, lo: plants.parentLo, counter: plants.parentCounter }, counters.plants],
  ];
  for (const [parents, count] of lineages) renameKnown(tank, parents, count, renamed);
}

function giveIds(tank: Tank, ids: IdColumns, count: number, renamed: Map<string, number>): void {
  for (let row = 0; row < count; row++) {
    tank.counters.lastId += 1;
    renamed.set(idAt(ids, row), tank.counters.lastId);
    setId(tank, ids, row, tank.counters.lastId);
  }
}

function renameKnown(
  tank: Tank,
  ids: IdColumns,
  count: number,
  renamed: ReadonlyMap<string, number>,
): void {
  for (let row = 0; row < count; row++) {
    const counter = renamed.get(idAt(ids, row));
    if (counter !== undefined) setId(tank, ids, row, counter);
  }
}

function idAt({ hi, lo, counter }: IdColumns, row: number): string {
  return formatId(hi[row], lo[row], counter[row]);
}

function setId({ key }: Tank, { hi, lo, counter }: IdColumns, row: number, number: number): void {
  hi[row] = key.hi;
  lo[row] = key.lo;
  counter[row] = number;
}

/** Games stay counted: they are no ledger, and tell how long this world has lived. */
function beginLedgers(tank: Tank): void {
  const { counters } = tank;
  const founded = { founded: counters.fish, plantsFounded: counters.plants };
  Object.assign(counters, NO_FISH_EVENTS, NO_PLANT_EVENTS, founded);
  foundBooks(tank);
}
