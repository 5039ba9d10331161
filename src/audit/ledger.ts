import type { Ledger } from "../sim/types.ts";

/** A {@link Ledger} as it is on the wire: another build may count further causes of death. */
export interface AnyLedger extends Omit<Ledger, "died"> {
  readonly died: Readonly<Record<string, number>>;
}

/** The number of fish that are alive in a tank by its ledger. */
export function aliveBy(ledger: AnyLedger): number {
  const { founded, born, spawned, imported, restored, exported, removed } = ledger;
  const arrived = founded + born + spawned + imported + restored;
  const dead = Object.values(ledger.died).reduce((sum, count) => sum + count, 0);
  return arrived - dead - exported - removed;
}

/** Living fish beyond those of the ledger; negative where fish are missing. */
export function surplusOf(tank: { readonly ledger: AnyLedger; readonly alive: number }): number {
  return tank.alive - aliveBy(tank.ledger);
}
