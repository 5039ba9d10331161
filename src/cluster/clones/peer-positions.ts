import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { RememberedRow } from "../../store/rows.ts";
import type { Log } from "../../telemetry/log.ts";
import { type PositionStatement, readPosition } from "./position.ts";

export interface PeerPositionsDeps {
  readonly journal: Pick<Journal, "remembered" | "commit">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Whether transfers to that node are open: then it is not evicted. */
  readonly isEngaged: (nodeId: string) => boolean;
  /** Whether a node is one of the cluster: anybody can make any number of others. */
  readonly isKnown: (nodeId: string) => boolean;
}

/** Interval of commits of positions that have grown; those of transfers are committed with them. */
const WRITE_INTERVAL_MS = 60_000;
/** Delay of commits for new nodes and new starts, which batches them. */
const WRITE_SOON_MS = 2_000;

/**
 * The stored journal positions of other nodes. Bounded: the least recently heard of is evicted,
 * strangers first, then nodes that were only met, then those that fish were exchanged with, and
 * none with open transfers.
 */
export class PeerPositions {
  readonly #deps: PeerPositionsDeps;
  /** In the order of the last message. May be ahead of the disk, since a statement stays true. */
  readonly #rows = new Map<string, RememberedRow>();
  /** Positions that differ from the disk. */
  readonly #unwritten = new Set<string>();
  #cancel: Cancel = () => {};
  #dueMs = Number.POSITIVE_INFINITY;
  #stopped = false;
  #loaded = false;

  constructor(deps: PeerPositionsDeps) {
    this.#deps = deps;
  }

  /** Whether the stored positions are loaded. Nothing is overwritten before. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /**
   * Positions that arrived meanwhile count only if they are later: a set-back node may be the first
   * to communicate.
   */
  async load(): Promise<void> {
    const rows = [...(await this.#deps.journal.remembered())];
    rows.sort((a, b) => a.heard_at - b.heard_at);
    for (const row of rows) {
      const heard = this.#rows.get(row.node_id);
      if (heard && heard.position > row.position) continue;
      this.#rows.set(row.node_id, row);
      this.#unwritten.delete(row.node_id);
    }
    this.#loaded = true;
  }

  /** The latest known position of a node. */
  of(nodeId: string): PositionStatement | undefined {
    return readPosition(this.#rows.get(nodeId)?.statement);
  }

  /** Whether fish were exchanged with that node. */
  hasExchanged(nodeId: string): boolean {
    return this.#rows.get(nodeId)?.heard_by === "transfer";
  }

  /** Nodes that fish were exchanged with, least recently heard of first. */
  *partners(): Iterable<RememberedRow> {
    for (const row of this.#rows.values()) if (row.heard_by === "transfer") yield row;
  }

  /** Takes a position from a handshake or ping, which is committed later. */
  hear(nodeId: string, statement: PositionStatement): void {
    const known = this.#rows.get(nodeId);
    if (known && statement.position <= known.position) return;
    const by = known?.heard_by ?? "handshake";
    this.#keep(this.#rowOf(nodeId, statement, by));
    this.#unwritten.add(nodeId);
    this.#writeIn(known?.boot_id === statement.bootId ? WRITE_INTERVAL_MS : WRITE_SOON_MS);
  }

  /** Takes a position with a transfer: writes for the transaction that decides or settles it. */
  writes(
    nodeId: string,
    statement: PositionStatement,
    by: RememberedRow["heard_by"] = "transfer",
  ): readonly JournalWrite[] {
    const known = this.#rows.get(nodeId);
    const newest = known && known.position > statement.position ? known : statement;
    const row =
      newest === known
        ? { ...known, heard_by: by, heard_at: this.#deps.clock.wallMs() }
        : this.#rowOf(nodeId, statement, by);
    this.#keep(row);
    return [{ put: "remembered", row }];
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #rowOf(
    node_id: string,
    { position, bootId: boot_id, text: statement }: PositionStatement,
    heard_by: RememberedRow["heard_by"],
  ): RememberedRow {
    const heard_at = this.#deps.clock.wallMs();
    return { node_id, position, boot_id, statement, heard_by, heard_at };
  }

  #keep(row: RememberedRow): void {
    this.#rows.delete(row.node_id);
    this.#rows.set(row.node_id, row);
    if (this.#rows.size <= LIMITS.positionsRememberedMax) return;
    const able = [...this.#rows.values()].filter(
      ({ node_id }) => node_id !== row.node_id && !this.#deps.isEngaged(node_id),
    );
    const met = able.filter(({ heard_by }) => heard_by === "handshake");
    const victim = met.find(({ node_id }) => !this.#deps.isKnown(node_id)) ?? met[0] ?? able[0];
    if (!victim) return;
    this.#rows.delete(victim.node_id);
    this.#unwritten.add(victim.node_id);
    this.#writeIn(WRITE_SOON_MS);
  }

  #writeIn(delayMs: number): void {
    const atMs = this.#deps.clock.monotonicMs() + delayMs;
    if (this.#stopped || atMs >= this.#dueMs) return;
    this.#dueMs = atMs;
    this.#cancel();
    this.#cancel = this.#deps.timers.after(delayMs, () => void this.#write());
  }

  async #write(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (!this.#loaded) return this.#writeIn(WRITE_SOON_MS);
    const nodeIds = [...this.#unwritten];
    const writes = nodeIds.map((node_id): JournalWrite => {
      const row = this.#rows.get(node_id);
      return row ? { put: "remembered", row } : { remove: "remembered", node_id };
    });
    this.#unwritten.clear();
    if (writes.length === 0) return;
    try {
      await this.#deps.journal.commit(writes);
    } catch (error) {
      this.#deps.log.debug("positions not recorded", { reason: messageOf(error) });
      for (const nodeId of nodeIds) this.#unwritten.add(nodeId);
      this.#writeIn(WRITE_INTERVAL_MS);
    }
  }
}
