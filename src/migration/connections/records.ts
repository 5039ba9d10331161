import type { Clock } from "../../platform/clock.ts";
import type { ConnectionCountRow, ConnectionRow, OutboxRow } from "../../store/rows.ts";
import type { Destination } from "./destinations.ts";

/**
 * A destination pauses after a return: the reason (a full tank, a missing one) seldom disappears
 * from one draw to the next, and every attempt is two entries in the log.
 */
const restAfterReturnMs = 30_000;

/** A tank that is not there, and a node that knows no copies, stay so for longer. */
const LASTING: ReadonlySet<string> = new Set(["unknown_tank", "unsupported_entity"]);
const lastingRestMs = 600_000;

/** Fish that a rate may save up: those of ten seconds, so that draws between them do not matter. */
const savedMinutes = 1 / 6;

/** What has become of the fish of a connection to one destination. */
export interface DestinationRecord {
  sent: number;
  delivered: number;
  returned: number;
  /** The last transfer; undefined before the first. */
  lastTransferId: string | undefined;
  /** Wall time of the last delivery. */
  deliveredAtMs: number | undefined;
  /** Why the last fish came back; undefined once a later one was delivered. */
  returnReason: string | undefined;
  /** Monotonic time until which nothing is sent there. */
  restsUntilMs: number;
}

interface ConnectionRecord {
  readonly destinations: Map<string, DestinationRecord>;
  /** Fish that the rate allows, as of a time. */
  allowance: { readonly fish: number; readonly atMs: number } | undefined;
  /** Fish sent, to take destinations in turn. */
  turn: number;
}

/** What the node remembers of its connections in memory: statistics, rates and pauses. */
export class ConnectionRecords {
  readonly #clock: Clock;
  readonly #records = new Map<string, ConnectionRecord>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forgets all connections but these. */
  keep(rows: readonly ConnectionRow[]): void {
    const kept = new Set(rows.map((row) => row.connection_id));
    for (const id of [...this.#records.keys()]) if (!kept.has(id)) this.#records.delete(id);
    for (const id of kept) if (!this.#records.has(id)) this.#records.set(id, freshRecord());
  }

  /** The figures of earlier runs. */
  load(counts: readonly ConnectionCountRow[]): void {
    for (const { count, last_at, state, ...row } of counts) {
      const noted = this.#at(row.connection_id, row);
      if (!noted) continue;
      noted.sent += count;
      if (state === "returned") noted.returned += count;
      if (state !== "delivered") continue;
      noted.delivered += count;
      noted.deliveredAtMs = last_at;
    }
  }

  of(connectionId: string, destination: Destination): Readonly<DestinationRecord> {
    return this.#at(connectionId, destination) ?? freshDestination();
  }

  /** How many fish the rate of the connection allows now. */
  allowed({ connection_id, rate }: ConnectionRow): number {
    if (rate === null) return Number.POSITIVE_INFINITY;
    const record = this.#records.get(connection_id);
    if (!record) return 0;
    const atMs = this.#clock.monotonicMs();
    const most = Math.max(1, rate * savedMinutes);
    const before = record.allowance ?? { fish: most, atMs };
    const fish = Math.min(most, before.fish + ((atMs - before.atMs) / 60_000) * rate);
    record.allowance = { fish, atMs };
    return Math.floor(fish);
  }

  isResting(connectionId: string, destination: Destination): boolean {
    return this.#clock.monotonicMs() < this.of(connectionId, destination).restsUntilMs;
  }

  /** Counts the connection's fish in turn. */
  nextTurn(connectionId: string): number {
    const record = this.#records.get(connectionId);
    return record ? record.turn++ : 0;
  }

  noteSent(connectionId: string, destination: Destination, transferId: string): void {
    const record = this.#records.get(connectionId);
    if (record?.allowance) {
      record.allowance = { ...record.allowance, fish: record.allowance.fish - 1 };
    }
    const noted = this.#at(connectionId, destination);
    if (!noted) return;
    noted.sent += 1;
    noted.lastTransferId = transferId;
  }

  noteDelivered(row: OutboxRow): void {
    const noted = this.#at(row.connection_id, row);
    if (!noted) return;
    noted.delivered += 1;
    noted.deliveredAtMs = row.updated_at;
    noted.returnReason = undefined;
  }

  noteReturned(row: OutboxRow): void {
    const noted = this.#at(row.connection_id, row);
    if (!noted) return;
    noted.returned += 1;
    noted.returnReason = row.reason ?? "refused";
    const restMs = LASTING.has(noted.returnReason) ? lastingRestMs : restAfterReturnMs;
    noted.restsUntilMs = this.#clock.monotonicMs() + restMs;
  }

  #at(connectionId: string | null, destination: Destination): DestinationRecord | undefined {
    const record = this.#records.get(connectionId ?? "");
    if (!record) return undefined;
    const key = `${destination.destination_node_id} ${destination.destination_tank_id}`;
    const known = record.destinations.get(key) ?? freshDestination();
    record.destinations.set(key, known);
    return known;
  }
}

function freshRecord(): ConnectionRecord {
  return { destinations: new Map(), allowance: undefined, turn: 0 };
}

function freshDestination(): DestinationRecord {
  return {
    sent: 0,
    delivered: 0,
    returned: 0,
    lastTransferId: undefined,
    deliveredAtMs: undefined,
    returnReason: undefined,
    restsUntilMs: 0,
  };
}
