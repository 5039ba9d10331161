import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import type { HorizonRow, InboxRow, OutboxRow } from "../rows.ts";

/** Settled rows that are not the last of their pair of tanks, in the order given. */
export function outgrownTransfers(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  const pairOf = (row: OutboxRow) => `${row.source_tank_id} ${row.destination_tank_id}`;
  const last = new Map<string, number>();
  for (const row of rows) {
    last.set(pairOf(row), Math.max(last.get(pairOf(row)) ?? 0, row.sequence));
  }
  return rows.filter(
    (row) =>
      (row.state === "delivered" || row.state === "returned") &&
      row.sequence < (last.get(pairOf(row)) ?? 0),
  );
}

/** Decisions below the horizon of their pair, in the order given. */
export function outgrownDecisions(
  rows: readonly InboxRow[],
  horizons: ReadonlyMap<string, number>,
): readonly InboxRow[] {
  return rows.filter((row) => row.sequence < (horizons.get(keyOfPair(row)) ?? 0));
}

export function keyOfTransfer(row: Pick<InboxRow, "source_node_id" | "transfer_id">): string {
  return JSON.stringify([row.source_node_id, row.transfer_id]);
}

/** The pair of a {@link keyOfPair}. */
export function pairIn(key: string): Omit<HorizonRow, "lowest_undecided"> {
  const [source_node_id = "", source_tank_id = "", destination_tank_id = ""]: string[] =
    JSON.parse(key);
  return { source_node_id, source_tank_id, destination_tank_id };
}

export function keyOfPair(pair: Omit<HorizonRow, "lowest_undecided">): string {
  const { source_node_id, source_tank_id, destination_tank_id } = pair;
  return JSON.stringify([source_node_id, source_tank_id, destination_tank_id]);
}

/** The pair of a {@link keyOfPair}. */
export function pairOfKey(key: string): Omit<HorizonRow, "lowest_undecided"> {
  const [source_node_id = "", source_tank_id = "", destination_tank_id = ""] = readShaped(
    z.array(z.string()),
    JSON.parse(key),
  );
  return { source_node_id, source_tank_id, destination_tank_id };
}
