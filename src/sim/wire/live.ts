import { type Allocate, type Arena, FORM, findArena, TABLE_NAMES } from "../state/arena.ts";
import { COUNTER_NAMES } from "../state/counters.ts";
import { checkEnergyOfLife } from "../state/energy-ledger.ts";
import { checkTank, sumOf } from "../state/ledger.ts";
import { rowsIn, type Tank, tankIn } from "../state/tank.ts";
import type { TankSpec } from "../types.ts";
import { SnapshotError } from "./snapshot.ts";

/**
 * Completes a tank's arena: until the next change of the tank, its memory alone holds the whole
 * state, for {@link openTank}. Takes less than a microsecond.
 */
export function parkTank({ arena, counters }: Tank): void {
  arena.form[0] = FORM;
  for (const [index, name] of COUNTER_NAMES.entries()) arena.counters[index] = counters[name];
  for (const [index, name] of TABLE_NAMES.entries()) arena.capacities[index] = arena[name].capacity;
}

/**
 * The tank that was parked in this memory, where it goes on. `allocate` serves its growth. Throws
 * {@link SnapshotError} where the memory holds no tank of this spec.
 */
export function openTank(spec: TankSpec, memory: ArrayBuffer, allocate: Allocate): Tank {
  const tank = tankIn(spec, (needed) => {
    const found = findArena(memory, allocate);
    const fits = found && TABLE_NAMES.every((name) => found[name].capacity >= needed[name]);
    if (!fits) throw damaged("its tables are others, or do not fit");
    return found;
  });
  const { arena } = tank;
  for (const [index, name] of COUNTER_NAMES.entries()) {
    tank.counters[name] = arena.counters[index];
  }
  for (const name of TABLE_NAMES) {
    const rows = rowsIn(tank, name);
    if (!(Number.isSafeInteger(rows) && rows >= 0 && rows <= arena[name].capacity)) {
      throw damaged(`it has no room for ${rows} ${name}`);
    }
  }
  tank.freeBodies = bodiesLeft(arena, tank.counters.fish);
  checkTank(tank, sumOf(tank.fish.energy, tank.counters.fish));
  checkEnergyOfLife(tank);
  return tank;
}

/** The rows of bodies that no fish has. Their order is no part of the state. */
function bodiesLeft({ bodies, fish }: Arena, count: number): number[] {
  const left = new Set(Array.from({ length: bodies.capacity }, (_, row) => row));
  for (let row = 0; row < count; row++) {
    if (!left.delete(fish.columns.body[row])) throw damaged("two fish share a body");
  }
  return [...left].reverse();
}

function damaged(why: string): SnapshotError {
  return new SnapshotError("damaged", `this memory holds no tank: ${why}`);
}
