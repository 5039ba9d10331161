import type { OutboxRow } from "../../store/rows.ts";
import { pairOf } from "./sequences.ts";

/** Transfers of one pair of tanks in escrow. */
export interface Undecided {
  readonly transfers: number;
  /** Of these, those whose last request was not answered with a decision. */
  readonly unanswered: number;
}

/** What is in escrow of each pair of tanks; see {@link pairOf}. */
export function undecidedPairs(
  escrows: Iterable<{ readonly row: OutboxRow }>,
): ReadonlyMap<string, Undecided> {
  const pairs = new Map<string, Undecided>();
  for (const { row } of escrows) {
    const pair = pairOf(row);
    const { transfers, unanswered } = pairs.get(pair) ?? { transfers: 0, unanswered: 0 };
    const silences = row.reason === null ? 0 : 1;
    pairs.set(pair, { transfers: transfers + 1, unanswered: unanswered + silences });
  }
  return pairs;
}
