import { type Candidate, outranks } from "./rank.ts";

/** One of two hubs that have met, after its claims were checked as far as they can be. */
export interface Claimant extends Candidate {
  /** Two witnesses could not dial it. One claimant's word counts for nothing. */
  readonly undialable: boolean;
  /** Its own setting names the other as its hub (and the name stands for one node), or bars it. */
  readonly mustYield: boolean;
  /**
   * The other reports that it cannot dial it. The report is unverified, and counts only while
   * neither has followers.
   */
  readonly isUnreached: boolean;
  /**
   * Distinct sources that follow it: by statements that verify, whose signers answer a dial. None
   * of its own host: anybody can start any number of nodes on one.
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
 * Which of two hubs goes on. A claimed priority never unseats a hub that others follow; terms
 * decide nothing. Among hubs that have known each other for long (a healed partition) and among
 * those that nobody follows the rank decides; between strangers how many others vouch.
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
