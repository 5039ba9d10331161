/**
 * Decides which simulation thread runs a tank. Pure functions of measured demand.
 * A demand is the CPU that a tank asks for, in cores.
 */

/** A tank and its present thread. */
export interface PlacedTank {
  readonly tankId: string;
  /** Index of its thread. */
  readonly slot: number;
  /** Undefined before the first measurement. */
  readonly demand: number | undefined;
  /** False while the tank is down or was reassigned recently. */
  readonly reassignable: boolean;
}

export interface Reassignment {
  readonly tankId: string;
  readonly to: number;
}

/**
 * Minimum demand of a tank, in cores: a paused one still costs reports and memory. Before anything
 * is measured, the number of tanks decides.
 */
const TANK_DEMAND_MIN = 0.0001;

/**
 * Assumed for a tank without a measurement, where no other has one: 50 fish, 30 ticks/s of 33 µs.
 */
const TANK_DEMAND_TYPICAL = 0.001;

/**
 * Threads whose demands differ by less than a tenth of a core count as balanced: measurement noise
 * must not cause a reassignment.
 */
export const GAP_CORES_MIN = 0.1;

/**
 * The share of the gap that one reassignment may transfer. A tank as large as the gap would only
 * reverse it, and the next noise would send the tank back.
 */
const GAP_SHARE_MAX = 0.75;

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

/** The thread for a new tank: the least busy one that is `usable`. */
export function slotForNewTank(tanks: readonly PlacedTank[], usable: readonly boolean[]): number {
  const demands = demandPerSlot(tanks, usable.length);
  return extreme(demands, usable, (one, other) => one < other) ?? 0;
}

/**
 * The reassignment that best evens out the busiest and the least busy thread, if they are far
 * enough apart. Each one reduces the sum of the squared demands, so with constant demands the
 * sequence ends; the busiest thread never gets busier.
 */
export function chooseReassignment(
  tanks: readonly PlacedTank[],
  usable: readonly boolean[],
): Reassignment | undefined {
  const demands = demandPerSlot(tanks, usable.length);
  const busiest = extreme(demands, usable, (one, other) => one > other);
  const idlest = extreme(demands, usable, (one, other) => one < other);
  if (busiest === undefined || idlest === undefined) return undefined;
  const gap = (demands[busiest] ?? 0) - (demands[idlest] ?? 0);
  if (gap < GAP_CORES_MIN) return undefined;
  let best: Reassignment | undefined;
  let bestGain = 0;
  for (const { tankId, slot, demand, reassignable } of tanks) {
    if (slot !== busiest || !reassignable || demand === undefined) continue;
    const carried = demand + TANK_DEMAND_MIN;
    if (carried > gap * GAP_SHARE_MAX) continue;
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
