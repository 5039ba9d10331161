import type { TransferCountRow } from "../store/rows.ts";
import type { PairStatement, TankStatement } from "./statement.ts";

/** What the transfers of one tank add up to. */
export interface TankCounts {
  readonly exported: number;
  readonly restored: number;
  readonly imported: number;
}

export const NO_COUNTS: TankCounts = { exported: 0, restored: 0, imported: 0 };

/** Fish that have left and entered each tank by transfers; its ledger counts nothing else. */
export function countsByTank(rows: readonly TransferCountRow[]): ReadonlyMap<string, TankCounts> {
  const byTank = new Map<string, TankCounts>();
  const add = (tankId: string, what: keyof TankCounts, count: number) => {
    const before = byTank.get(tankId) ?? NO_COUNTS;
    byTank.set(tankId, { ...before, [what]: before[what] + count });
  };
  const fish = rows.filter(({ entity_type }) => entity_type === "fish");
  for (const { side, state, source_tank_id, destination_tank_id, count } of fish) {
    if (side === "out") add(source_tank_id, "exported", count);
    if (side === "out" && state === "returned") add(source_tank_id, "restored", count);
    if (side === "in" && state === "accepted") add(destination_tank_id, "imported", count);
  }
  return byTank;
}

/** The counts of each pair of tanks, in the order given. */
export function countsByPair(rows: readonly TransferCountRow[]): PairStatement[] {
  const pairs = new Map<string, PairStatement>();
  for (const { state, count, ...pair } of rows) {
    const key = keyOfPair(pair);
    const known = pairs.get(key);
    pairs.set(key, { ...pair, counts: { ...known?.counts, [state]: count } });
  }
  return [...pairs.values()];
}

/** JSON, so that it is unambiguous whatever ids another node sends. */
export function keyOfPair(pair: Omit<PairStatement, "counts">): string {
  const { side, node_id, source_tank_id, destination_tank_id, entity_type } = pair;
  return JSON.stringify([side, node_id, source_tank_id, destination_tank_id, entity_type]);
}

/** Whether no transfer of the tank was recorded while it was counted. */
export function isExact(tank: Pick<TankStatement, keyof TankCounts>): boolean {
  return [tank.exported, tank.restored, tank.imported].every(([least, most]) => least === most);
}
