import { type Candidate, outranks } from "./rank.ts";

/** One of two hubs that have met, after its claims were verified as far as possible. */
export interface Claimant extends Candidate {
  /** Two witnesses could not dial it. The statement of a single one counts for nothing. */
  readonly undialable: boolean;
  /**
   * Its own setting names the other as its hub (and the name stands for one node), or excludes it.
   */
  readonly mustYield: boolean;
  /**
   * The other reports that it cannot dial it. The report is unverified, and counts only while
   * neither has followers.
   */
  readonly isUnreached: boolean;
  /**
   * Distinct sources that follow it: by statements that verify, whose signers answer a dial.
   * Sources on its own host do not count: anybody can start any number of nodes on one.
   */
  readonly support: number;
}

/** The first difference decides, in this order. */
export type SeatRule = "undialable" | "setting" | "seated" | "support" | "unreached" | "rank";

export interface SeatVerdict {
  readonly winner: string;
  readonly rule: SeatRule;
}

/**
 * Which of two hubs stays. A claimed priority never unseats a hub with followers; terms decide
 * nothing. The rank decides among hubs that have known each other for long (a healed partition) and
 * among those without followers; between strangers, the number of followers decides.
 */
export function compareHubs(a: Claimant, b: Claimant, knownForLong: boolean): SeatVerdict {
  const differing = (rule: SeatRule, isBetter: (one: Claimant) => boolean | number) => {
    const [left, right] = [Number(isBetter(a)), Number(isBetter(b))];
    return left === right ? undefined : { winner: (left > right ? a : b).nodeId, rule };
  };
  const bothSeated = a.support > 0 && b.support > 0;
  const bothAlone = a.support === 0 && b.support === 0;
  const byRank: SeatVerdict = { winner: (outranks(a, b) ? a : b).nodeId, rule: "rank" };
  return (
    differing("undialable", (one) => !one.undialable) ??
    differing("setting", (one) => !one.mustYield) ??
    differing("seated", (one) => one.support > 0) ??
    (bothSeated && !knownForLong ? differing("support", (one) => one.support) : undefined) ??
    (bothAlone ? differing("unreached", (one) => !one.isUnreached) : undefined) ??
    byRank
  );
}
