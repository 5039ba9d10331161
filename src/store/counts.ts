import type { InboxRow, OutboxRow, TransferCountRow } from "./rows.ts";

/** Counts of transfers by {@link keyOfCount}. */
export type Counts = Map<string, TransferCountRow>;

/** Everything but the count, as JSON: unambiguous whatever ids a peer sends. */
export function keyOfCount(row: Omit<TransferCountRow, "count">): string {
  const { side, node_id, source_tank_id, destination_tank_id, entity_type, state } = row;
  return JSON.stringify([side, node_id, source_tank_id, destination_tank_id, entity_type, state]);
}

/** One transfer of the outbox. */
export function countOfOutbox(
  row: Pick<
    OutboxRow,
    "destination_node_id" | "source_tank_id" | "destination_tank_id" | "entity_type" | "state"
  >,
): TransferCountRow {
  const { destination_node_id, source_tank_id, destination_tank_id, entity_type, state } = row;
  const pair = { source_tank_id, destination_tank_id, entity_type };
  return { side: "out", node_id: destination_node_id, ...pair, state, count: 1 };
}

/** One transfer of the inbox. */
export function countOfInbox(row: InboxRow): TransferCountRow {
  const { source_node_id, source_tank_id, destination_tank_id, entity_type, decision } = row;
  const pair = { source_tank_id, destination_tank_id, entity_type };
  return { side: "in", node_id: source_node_id, ...pair, state: decision, count: 1 };
}

export function addCount(counts: Counts, row: TransferCountRow): void {
  const key = keyOfCount(row);
  counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + row.count });
}

/** In the order of the fields, without zeros. */
export function listCounts(counts: Counts): readonly TransferCountRow[] {
  return [...counts]
    .filter(([, row]) => row.count !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
}
