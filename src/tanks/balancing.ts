/**
 * Which simulation thread a tank belongs on. Pure: figures in, a decision out.
 * A demand is the CPU that a tank asks for, in cores.
 */

/** A tank where it is now. */
export interface PlacedTank {
  readonly tankId: string;
  /** Index of its thread. */
  readonly slot: number;
  /** Undefined before it was measured. */
  readonly demand: number | undefined;
  /** False while it is down or rests from a move. */
  readonly movable: boolean;
}

export interface Move {
  readonly tankId: string;
  readonly to: number;
}

/**
 * What a tank counts at least, in cores: one that stands still costs its reports and its memory.
 * Where nothing is measured, the number of tanks decides.
 */
const TANK_DEMAND_MIN = 0.0001;

/** A tank that is not measured yet counts as a mean one, or as 50 fish at 30 ticks/s of 33 µs. */
const TANK_DEMAND_TYPICAL = 0.001;

/**
 * Threads whose demands differ by less than a tenth of a core are in balance: noise is not worth a
 * move.
 */
export const GAP_CORES_MIN = 0.1;

/**
 * The share of the gap that one move may carry over. A tank as large as the gap itself would only
 * turn it round, and the next noise would send the tank back.
 */
const MOVE_SHARE_MAX = 0.75;

/** The demand on each thread. */
export function demandPerSlot(tanks: readonly PlacedTank[], slotCount: number): readonly number[] {
  const measured = tanks.flatMap(({ demand }) => demand ?? []);
  const typical =
    measured.length === 0
      ? TANK_DEMAND_TYPICAL
      : measured.reduce((sum, demand) => sum + demand, 0) / measured.length;
  const sums = Array.from({ length: slotCount }, () => 0);
  for (const { slot, demand } of tanks) {
    sums[slot] = (sums[slot] ?? 0) + TANK_DEMAND_MIN + (demand ?? typical);
  }
  return sums;
}

/** The thread for one more tank: the least busy of those that are `usable`. */
export function slotForNewTank(tanks: readonly PlacedTank[], usable: readonly boolean[]): number {
  const demands = demandPerSlot(tanks, usable.length);
  return extreme(demands, usable, (one, other) => one < other) ?? 0;
}

/**
 * The one move that evens out the busiest and the least busy thread best, if they are far enough
 * apart. Each move makes the sum of the squares of the demands smaller, so with steady demands
 * it comes to an end; the busiest thread never gets busier.
 */
export function chooseMove(
  tanks: readonly PlacedTank[],
  usable: readonly boolean[],
): Move | undefined {
  const demands = demandPerSlot(tanks, usable.length);
  const busiest = extreme(demands, usable, (one, other) => one > other);
  const idlest = extreme(demands, usable, (one, other) => one < other);
  if (busiest === undefined || idlest === undefined) return undefined;
  const gap = (demands[busiest] ?? 0) - (demands[idlest] ?? 0);
  if (gap < GAP_CORES_MIN) return undefined;
  let best: Move | undefined;
  let bestGain = 0;
  for (const { tankId, slot, demand, movable } of tanks) {
    if (slot !== busiest || !movable || demand === undefined) continue;
    const carried = demand + TANK_DEMAND_MIN;
    if (carried > gap * MOVE_SHARE_MAX) continue;
    const gain = Math.min(carried, gap - carried);
    if (gain > bestGain) {
      best = { tankId, to: idlest };
      bestGain = gain;
    }
  }
  return best;
}

function extreme(
  demands: readonly number[],
  usable: readonly boolean[],
  isFurther: (one: number, other: number) => boolean,
): number | undefined {
  let found: number | undefined;
  for (const [index, demand] of demands.entries()) {
    if (!usable[index]) continue;
    if (found === undefined || isFurther(demand, demands[found] ?? 0)) found = index;
  }
  return found;
}
