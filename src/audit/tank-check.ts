import { aliveBy, surplusOf } from "./ledger.ts";
import type { TankStatement } from "./statement.ts";

/** A number of fish that are missing or too many in one tank, and what shows it. */
export interface TankFinding {
  readonly kind: "missing" | "double";
  readonly count: number;
  /** Where the fish are named: by the log or by the transfers, and as what. */
  readonly named?: {
    readonly of: (typeof CHECKS)[number]["of"];
    readonly by: "logged" | "recorded";
  };
  /** A clause about the tank: `its ledger has 5 fish alive, 4 are`. */
  readonly what: string;
}

/** What a tank's ledger has to be by its transfers, and how a difference reads. */
const CHECKS = [
  {
    of: "exported",
    more: { kind: "missing", what: "exported, of which no transfer is known" },
    less: { kind: "double", what: "in transfers that its ledger never exported" },
  },
  {
    of: "imported",
    more: { kind: "double", what: "imported, of which no decision is known" },
    less: { kind: "missing", what: "accepted and never imported" },
  },
  {
    of: "restored",
    more: { kind: "double", what: "restored, of which no returned transfer is known" },
    less: { kind: "missing", what: "returned and never restored" },
  },
] as const;

/** What is wrong within one tank: its fish against its ledger, its ledger against its transfers. */
export function checkTank(tank: TankStatement): readonly TankFinding[] {
  const findings: TankFinding[] = [];
  const surplus = surplusOf(tank);
  if (surplus !== 0) {
    const what = `its ledger has ${aliveBy(tank.ledger)} fish alive, ${tank.alive} are`;
    findings.push({
      kind: surplus < 0 ? "missing" : "double",
      count: Math.abs(surplus),
      what,
    });
  }
  for (const { of, more, less } of CHECKS) {
    const [least, most] = tank[of];
    const has = tank.ledger[of];
    const beyond = has > most ? has - most : Math.min(0, has - least);
    if (beyond === 0) continue;
    const { kind, what } = beyond > 0 ? more : less;
    const count = Math.abs(beyond);
    const named = { of, by: beyond > 0 ? "logged" : "recorded" } as const;
    findings.push({ kind, count, named, what: `${count} fish ${what}` });
  }
  return findings;
}
