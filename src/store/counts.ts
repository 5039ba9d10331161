import type { ConnectionCountRow, InboxRow, OutboxRow, TransferCountRow } from "./rows.ts";

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

/** By everything but the figures. */
export function keyOfConnectionCount(row: Omit<ConnectionCountRow, "count" | "last_at">): string {
  const { connection_id, destination_node_id, destination_tank_id, state } = row;
  return JSON.stringify([connection_id, destination_node_id, destination_tank_id, state]);
}

/** One transfer of the outbox; undefined where it belongs to no connection. */
export function connectionCountOf(row: OutboxRow): ConnectionCountRow | undefined {
  const { connection_id, destination_node_id, destination_tank_id, state, updated_at } = row;
  if (connection_id === null) return undefined;
  const tank = { destination_node_id, destination_tank_id };
  return { connection_id, ...tank, state, count: 1, last_at: updated_at };
}

export function sumOfCounts(
  a: ConnectionCountRow | undefined,
  b: ConnectionCountRow,
): ConnectionCountRow {
  if (a === undefined) return b;
  return { ...b, count: a.count + b.count, last_at: Math.max(a.last_at, b.last_at) };
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
