import { dropFood } from "./habitat/food.ts";
import { isFitToTravel } from "./heredity/reproduction.ts";
import { enterFounder } from "./life/lifecycle.ts";
import { LEFT, marginsOf, TOP } from "./life/motion.ts";
import { FAST_FORWARD_TICKS_MAX, FOUNDER_AGE_TICKS, ORIGINS } from "./model.ts";
import { findPlant } from "./plants/garden.ts";
import {
  exportPlant,
  importPlant,
  type PlantRow,
  restorePlant,
  spotForImport,
} from "./plants/plant-row.ts";
import { book, CAUSE, checkEnergy, openBooks } from "./state/energy-ledger.ts";
import { formatId, NOBODY } from "./state/ids.ts";
import { closeRow, findFish, openRow } from "./state/population.ts";
import { STREAM } from "./state/rng.ts";
import type { Tank } from "./state/tank.ts";
import type { Command, EntityId, FishId, Outcome, Rejection, Side } from "./types.ts";
import { type FishRow, writeRow } from "./wire/fish-row.ts";
import {
  isPlantRecord,
  readPlantRecord,
  readRecord,
  writePlantRecord,
  writeRecord,
} from "./wire/record.ts";

const DONE: Outcome = { kind: "done" };

/** Carries out one command between two ticks, by the books. A rejected one has changed nothing. */
export function apply(tank: Tank, command: Command): Outcome {
  openBooks(tank);
  const outcome = carryOut(tank, command);
  checkEnergy(tank);
  return outcome;
}

function carryOut(tank: Tank, command: Command): Outcome {
  switch (command.kind) {
    case "export":
      return exportEntity(tank, command.entityId);
    case "import":
      return isPlantRecord(command.record)
        ? admitPlant(tank, command.record, (row) => rootPlant(tank, row, command.side))
        : importOrCopy(tank, command);
    case "restore":
      return isPlantRecord(command.record)
        ? admitPlant(tank, command.record, (row) => restoreRoots(tank, row))
        : admit(tank, command.record, (row) => restoreFish(tank, row));
    case "feed":
      return feed(tank, command.portions);
    case "spawn":
      return spawn(tank, command.fish);
    case "set_tick_rate":
      return setTickRate(command.ticksPerSecond);
    case "fast_forward":
      return fastForward(command.ticks);
    // Pace is the host's: the world has no time besides its ticks.
    case "pause":
    case "resume":
      return DONE;
  }
}

/** Fish and plants share their ids' counter, so an id says which of the two it is. */
function exportEntity(tank: Tank, id: EntityId): Outcome {
  const row = findFish(tank, id);
  if (row !== undefined) return exportFish(tank, row, id);
  const plant = findPlant(tank, id);
  if (plant === undefined) return rejected("no_such_fish", `${id} is not in this tank`);
  const record = writePlantRecord(tank, plant);
  exportPlant(tank, plant);
  return { kind: "done", record, entityId: id };
}

function exportFish(tank: Tank, row: number, fishId: FishId): Outcome {
  const record = writeRecord(tank, row);
  const carried = tank.fish.energy[row] + tank.fish.bank[row];
  book(tank.scratch.flows, CAUSE.departure, carried);
  closeRow(tank, row);
  tank.counters.exported += 1;
  return { kind: "done", record, entityId: fishId };
}

/** The checks that importing and restoring share. */
function admit(tank: Tank, record: Uint8Array, enter: (row: FishRow) => Outcome): Outcome {
  const read = readRecord(record);
  if (read.kind === "bad") return rejected(read.reason, read.detail);
  const { row, fishId } = read;
  const outcome = refuseId(tank, row, fishId) ?? enter(row);
  return outcome.kind === "done" ? { ...outcome, entityId: fishId } : outcome;
}

function admitPlant(tank: Tank, record: Uint8Array, enter: (row: PlantRow) => Outcome): Outcome {
  const read = readPlantRecord(record);
  if (read.kind === "bad") return rejected(read.reason, read.detail);
  const { row, plantId } = read;
  const outcome = refuseId(tank, row, plantId) ?? enter(row);
  return outcome.kind === "done" ? { ...outcome, entityId: plantId } : outcome;
}

/** An id that was never given out here, or that somebody in here has. */
function refuseId(tank: Tank, row: FishRow | PlantRow, id: EntityId): Outcome | undefined {
  const ours = row.keyHi === tank.key.hi && row.keyLo === tank.key.lo;
  if (ours && row.counter > tank.counters.lastId) {
    return rejected("bad_record", `this tank has not given out the id ${id} yet`);
  }
  if (findFish(tank, id) === undefined && findPlant(tank, id) === undefined) return undefined;
  return rejected("duplicate_fish", `${id} is in this tank already`);
}

function rootPlant(tank: Tank, row: PlantRow, side: Side): Outcome {
  const spot = spotForImport(tank, side);
  if (spot === undefined) {
    return rejected("tank_full", `each of the ${tank.plantSpots} spots has its plant`);
  }
  importPlant(tank, row, spot);
  return DONE;
}

function restoreRoots(tank: Tank, row: PlantRow): Outcome {
  restorePlant(tank, row);
  return DONE;
}

type Import = Extract<Command, { kind: "import" }>;

function importOrCopy(tank: Tank, command: Import): Outcome {
  if (!command.copy) {
    return admit(tank, command.record, (row) => importFish(tank, row, command));
  }
  const read = readRecord(command.record);
  if (read.kind === "bad") return rejected(read.reason, read.detail);
  return bearCopy(tank, read.row, command);
}

/** A fish from elsewhere comes through a wall: everything but its place and its hops stays. */
function importFish(tank: Tank, row: FishRow, command: Import): Outcome {
  if (!hasRoom(tank, row, command)) return full(tank);
  place(tank, { ...row, ...entrance(tank, row, command), hops: row.hops + 1 });
  tank.counters.imported += 1;
  return DONE;
}

/**
 * One like it is born, of the age, in the state and with the mind of the other, which is its only
 * parent; what it has done in its life is not its own.
 */
function bearCopy(tank: Tank, row: FishRow, command: Import): Outcome {
  if (!hasRoom(tank, row, command)) return full(tank);
  const { counters, key } = tank;
  counters.lastId += 1;
  counters.born += 1;
  counters.bornAsexual += 1;
  place(tank, {
    ...row,
    ...entrance(tank, row, command),
    keyHi: key.hi,
    keyLo: key.lo,
    counter: counters.lastId,
    motherHi: row.keyHi,
    motherLo: row.keyLo,
    motherCounter: row.counter,
    fatherHi: NOBODY.hi,
    fatherLo: NOBODY.lo,
    fatherCounter: NOBODY.counter,
    bornTick: counters.tick,
    origin: ORIGINS.indexOf("asexual"),
    hops: 0,
    offspring: 0,
    pokerNet: 0,
    pokerGames: 0,
    pokerWins: 0,
  });
  return { kind: "done", entityId: formatId(key.hi, key.lo, counters.lastId) };
}

function hasRoom(tank: Tank, row: FishRow, { replaces }: Import): boolean {
  return tank.counters.fish < tank.cap || (replaces === true && makeRoom(tank, row));
}

function full(tank: Tank): Outcome {
  return rejected("tank_full", `the tank holds ${tank.cap} fish`);
}

/** Where a fish comes in. The source may be a higher tank: then it enters at the floor. */
function entrance(tank: Tank, row: FishRow, { side }: Import): Pick<FishRow, "x" | "y"> {
  const { right, bottom } = marginsOf(tank.width, tank.height);
  return { x: side === "left" ? LEFT : right, y: Math.min(bottom, Math.max(TOP, row.y)) };
}

/** Removes the grown fish with the least energy if the one that comes has more. */
function makeRoom(tank: Tank, { energy, bank }: FishRow): boolean {
  const { fish, counters, scratch } = tank;
  const has = (row: number) => fish.energy[row] + fish.bank[row];
  let worst: number | undefined;
  for (let row = 0; row < counters.fish; row++) {
    if (!isFitToTravel(fish.age[row])) continue;
    if (worst === undefined || has(row) < has(worst)) worst = row;
  }
  // After restores there may be more than the cap: then nobody comes in.
  if (worst === undefined || counters.fish > tank.cap || has(worst) >= energy + bank) return false;
  book(scratch.flows, CAUSE.replacement, has(worst));
  closeRow(tank, worst);
  counters.removed += 1;
  return true;
}

/** A fish that was exported comes back as it was. Capacity does not stop it: the arena grows. */
function restoreFish(tank: Tank, row: FishRow): Outcome {
  if (row.x > tank.width || row.y > tank.height) {
    return rejected("bad_record", "the fish was outside of this tank");
  }
  place(tank, row);
  tank.counters.restored += 1;
  return DONE;
}

function place(tank: Tank, row: FishRow): void {
  const at = openRow(tank, { hi: row.keyHi, lo: row.keyLo, counter: row.counter });
  writeRow(tank, at, row);
  book(tank.scratch.flows, CAUSE.arrival, row.energy + row.bank);
}

function feed(tank: Tank, portions: number): Outcome {
  if (!isCount(portions)) return rejected("bad_command", "portions must be a whole number from 1");
  const room = tank.foodCap - tank.counters.food;
  if (portions > room) return rejected("tank_full", `there is room for ${room} more food items`);
  for (let i = 0; i < portions; i++) {
    book(tank.scratch.flows, CAUSE.food_fed, dropFood(tank, STREAM.visitors));
  }
  return DONE;
}

function spawn(tank: Tank, fish: number): Outcome {
  if (!isCount(fish)) return rejected("bad_command", "fish must be a whole number from 1");
  const room = Math.max(0, tank.cap - tank.counters.fish);
  if (fish > room) return rejected("tank_full", `there is room for ${room} more fish`);
  for (let i = 0; i < fish; i++) enterFounder(tank, STREAM.visitors, FOUNDER_AGE_TICKS, "visitor");
  tank.counters.spawned += fish;
  return DONE;
}

function setTickRate(ticksPerSecond: number): Outcome {
  if (Number.isFinite(ticksPerSecond) && ticksPerSecond >= 0) return DONE;
  return rejected("bad_command", "the tick rate must be 0 or a positive number");
}

function fastForward(ticks: number): Outcome {
  if (isCount(ticks) && ticks <= FAST_FORWARD_TICKS_MAX) return DONE;
  return rejected(
    "bad_command",
    `ticks must be a whole number from 1 to ${FAST_FORWARD_TICKS_MAX}`,
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function rejected(reason: Rejection, detail: string): Outcome {
  return { kind: "rejected", reason, detail };
}
