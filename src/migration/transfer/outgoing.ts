import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { EntityId, Side } from "../../sim/types.ts";
import type { Journal } from "../../store/journal.ts";
import type { EntityType, OutboxRow } from "../../store/rows.ts";
import type { BoundedLog } from "../../telemetry/bounded-log.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Owners } from "../moves/owners.ts";
import type { Payloads } from "../payloads/payload.ts";
import { Batcher } from "./batcher.ts";
import type { Answer, Courier, Heard, Silence } from "./courier.ts";
import { Escrow } from "./escrow.ts";
import { digestOf } from "./protocol.ts";
import type { TransferQuotas } from "./quotas.ts";
import { Sequences } from "./sequences.ts";
import { isSettled, type Settlement } from "./settlement.ts";
import { TRANSFER_LINES, transferLines } from "./transfer-lines.ts";
import { type Undecided, undecidedPairs } from "./undecided-pairs.ts";

/** A transfer to be made. */
export interface Departure {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  readonly destination_node_id: string;
  readonly connection_id: string | null;
  readonly entity_type: EntityType;
  readonly entityId: EntityId;
  /** The wall by which it leaves. */
  readonly side: Side;
  /** Of a copy. */
  readonly record?: Uint8Array | undefined;
}

export interface OutgoingPorts {
  readonly nodeId: string;
  readonly payloads: Payloads;
  readonly journal: Journal;
  readonly courier: Courier;
  readonly settlement: Settlement;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly quotas: TransferQuotas;
  /** Whether the node is fenced: then nothing is asked, sent or settled. */
  readonly isFenced: () => boolean;
  /** Where tanks are that have moved. */
  readonly owners: Owners;
  /** Looks for a tank whose node does not answer; see `TankSearch`. */
  readonly search: (tankId: string, nodeId: string) => void;
  /** Called when a transfer of a connection was returned. */
  readonly onReturned: (row: OutboxRow) => void;
}

/** What is heard where a node is gone, or no owner of the tank. */
const UNANSWERED: ReadonlySet<string> = new Set(["no_answer", "not_sent", "moved"]);

/**
 * The source's half of the protocol. One task drives each transfer until its destination has
 * decided. The outbox row, not this object's memory, is the truth about the escrow.
 */
export class Outgoing {
  readonly #ports: OutgoingPorts;
  readonly #sequences = new Sequences();
  readonly #batcher: Batcher;
  readonly #lines: BoundedLog;
  readonly #open = new Map<string, Escrow>();
  /** Exports whose commit is in progress, by source tank. */
  readonly #leaving = new Map<string, number>();
  /** Tanks from which no entity may leave. */
  readonly #closed = new Set<string>();
  /** Tanks whose transfers are neither asked about nor settled. */
  readonly #suspended = new Set<string>();
  readonly #recording = new Set<Promise<unknown>>();
  #stopped = false;

  constructor(ports: OutgoingPorts) {
    this.#ports = ports;
    this.#lines = transferLines(ports);
    const lowestUndecided = (row: OutboxRow) => this.#sequences.lowestUndecided(row);
    this.#batcher = new Batcher({ ...ports, lowestUndecided });
  }

  /** Resumes every transfer that was open when the node stopped or crashed. */
  async resume(): Promise<void> {
    const { journal, log } = this.#ports;
    const rows = await journal.openOutbox();
    this.#sequences.load(await journal.lastSequences(), rows);
    for (const row of rows) this.#take(row);
    if (rows.length > 0) log.info("transfers resumed", { transfers: rows.length });
  }

  /** Starts nothing new, and waits for commits in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const escrow of this.#open.values()) escrow.wake();
    await Promise.allSettled(this.#recording);
  }

  /** Entities in escrow, and those whose export is being committed. */
  get count(): number {
    let leaving = 0;
    for (const exports of this.#leaving.values()) leaving += exports;
    return this.#open.size + leaving;
  }

  get escrowCount(): number {
    return this.#open.size;
  }

  /** Stops departures from the tank. An export in progress counts as open. */
  close(tankId: string): void {
    this.#closed.add(tankId);
  }

  reopen(tankId: string): void {
    this.#closed.delete(tankId);
  }

  /**
   * Leaves the transfers of the tank as they are. Resolves when none is being recorded, and none of
   * its entities is being exported.
   */
  async suspend(tankId: string): Promise<void> {
    this.#suspended.add(tankId);
    await Promise.allSettled([...this.#recording]);
  }

  /** Goes on with the transfers of a suspended tank. */
  proceed(tankId: string): void {
    this.#suspended.delete(tankId);
    for (const escrow of this.#of(tankId)) escrow.wake();
  }

  /** The transfers of a suspended tank belong to another node. */
  forget(tankId: string): void {
    for (const escrow of this.#of(tankId)) {
      this.#open.delete(escrow.row.transfer_id);
      this.#sequences.settle(escrow.row);
      escrow.wake();
    }
    this.#suspended.delete(tankId);
    this.#ports.metrics.set("tankd_escrow", this.#open.size);
  }

  /** Goes on with the transfers of a tank that has come from another node. */
  takeOver(rows: readonly OutboxRow[]): void {
    const open = rows.filter((row) => !isSettled(row.state));
    this.#sequences.load(rows, open);
    for (const row of open) this.#take(row);
  }

  #of(tankId: string): readonly Escrow[] {
    return [...this.#open.values()].filter(({ row }) => row.source_tank_id === tankId);
  }

  /** The node that is asked: that of the destination, or the one to which its tank has moved. */
  #addressOf(row: OutboxRow): string {
    return this.#ports.owners.whereIs(row.destination_tank_id, row.destination_node_id);
  }

  /** Whether entities of this tank are in escrow, or being exported. */
  hasOpen(tankId: string): boolean {
    if (this.#leaving.has(tankId)) return true;
    return [...this.#open.values()].some((escrow) => escrow.row.source_tank_id === tankId);
  }

  /** Whether transfers to that node are open. */
  hasOpenTo(nodeId: string): boolean {
    return [...this.#open.values()].some((escrow) => this.#addressOf(escrow.row) === nodeId);
  }

  /** What is in escrow of each pair of tanks. */
  undecidedPairs(): ReadonlyMap<string, Undecided> {
    return undecidedPairs(this.#open.values());
  }

  /** The row in memory: attempts and reason are written to the disk only with a change of state. */
  live(transferId: string): OutboxRow | undefined {
    return this.#open.get(transferId)?.row;
  }

  /** Of an open transfer. */
  escrow(transferId: string): Escrow | undefined {
    return this.#open.get(transferId);
  }

  /** Ends the pauses of all transfers to this node, which has just returned. */
  wake(nodeId: string): void {
    for (const escrow of this.#open.values()) {
      if (this.#addressOf(escrow.row) === nodeId) escrow.wake();
    }
  }

  /**
   * Commits export and outbox row in one transaction. Resolves with the transfer's id once the
   * entity is in escrow; with undefined when it is not in the tank any more, its tank is closed, or
   * the node is stopping. Rejects with Problem when nothing happened.
   */
  async send(departure: Departure): Promise<string | undefined> {
    if (this.#stopped || this.#closed.has(departure.source_tank_id)) return undefined;
    return this.#recorded(this.#send(departure));
  }

  async #send(departure: Departure): Promise<string | undefined> {
    const { source_tank_id: tankId, entity_type, entityId, side, record: copy } = departure;
    let row: OutboxRow | undefined;
    this.#leaving.set(tankId, (this.#leaving.get(tankId) ?? 0) + 1);
    try {
      const payload = this.#ports.payloads[entity_type];
      await payload.seal({ tankId, entityId, side, record: copy }, (record) => {
        row = this.#rowOf(departure, record);
        return [{ put: "outbox", row }];
      });
    } catch (error) {
      if (row) this.#sequences.settle(row);
      throw error;
    } finally {
      this.#landed(tankId);
    }
    if (row) this.#take(row);
    return row?.transfer_id;
  }

  #rowOf(departure: Departure, record: Uint8Array): OutboxRow {
    const { clock, random } = this.#ports;
    const now = clock.wallMs();
    return {
      transfer_id: randomHex(random, 16),
      source_tank_id: departure.source_tank_id,
      source_node_id: null,
      destination_tank_id: departure.destination_tank_id,
      destination_node_id: departure.destination_node_id,
      connection_id: departure.connection_id,
      entity_type: departure.entity_type,
      entity_id: departure.entityId,
      side: departure.side,
      record,
      record_digest: digestOf(record),
      sequence: this.#sequences.take(departure),
      state: "pending",
      attempts: 0,
      reason: null,
      created_at: now,
      updated_at: now,
    };
  }

  #landed(tankId: string): void {
    const left = (this.#leaving.get(tankId) ?? 1) - 1;
    if (left === 0) this.#leaving.delete(tankId);
    else this.#leaving.set(tankId, left);
  }

  #take(row: OutboxRow): void {
    const escrow = new Escrow(row, this.#ports.clock.monotonicMs());
    this.#open.set(row.transfer_id, escrow);
    this.#ports.metrics.set("tankd_escrow", this.#open.size);
    void this.#drive(escrow);
  }

  async #drive(escrow: Escrow): Promise<void> {
    const { timers, random } = this.#ports;
    while (!this.#stopped) {
      const { wakes } = escrow;
      if (this.#open.get(escrow.row.transfer_id) !== escrow) return;
      if (this.#ports.isFenced() || this.#suspended.has(escrow.row.source_tank_id)) {
        await sleep(timers, escrow.nextPauseMs(random, 0), escrow.pauseSince(wakes));
        continue;
      }
      const heard = escrow.decided ?? (await this.#ask(escrow));
      if (this.#stopped) return;
      if (this.#suspended.has(escrow.row.source_tank_id)) continue;
      if (this.#open.get(escrow.row.transfer_id) !== escrow) return;
      if (heard.verdict === undefined) {
        if (this.#follow(escrow.row, heard)) continue;
        await this.#noteSilence(escrow, heard);
        const pauseMs = escrow.nextPauseMs(random, heard.retryAfterMs);
        await sleep(timers, pauseMs, escrow.pauseSince(wakes));
        continue;
      }
      escrow.decided = heard;
      if (await this.#recorded(this.#settle(escrow, heard))) return;
      await sleep(timers, escrow.nextPauseMs(random, 0), escrow.pauseSince(wakes));
    }
  }

  #ask(escrow: Escrow): Promise<Heard> {
    escrow.row = { ...escrow.row, attempts: escrow.row.attempts + 1 };
    const { row, givingUp } = escrow;
    const addressed = { ...row, destination_node_id: this.#addressOf(row) };
    return this.#batcher.ask(addressed, givingUp ? "abort" : "transfer");
  }

  /** Whether the destination tank has moved, and another node is to be asked at once. */
  #follow(row: OutboxRow, { code, certificates }: Silence): boolean {
    const { owners, search } = this.#ports;
    const { destination_tank_id: tankId, destination_node_id: nodeId } = row;
    if (code === "moved") return owners.learn(tankId, nodeId, certificates);
    if (UNANSWERED.has(code)) search(tankId, nodeId);
    return false;
  }

  /** Records a missing decision once, and asks for an abort after a time. Not needed for safety. */
  async #noteSilence(escrow: Escrow, heard: Silence): Promise<void> {
    const { clock, log, settlement } = this.#ports;
    const transfer_id = escrow.row.transfer_id;
    const { code, detail } = heard;
    log.debug("transfer undecided", { transfer_id, code, detail });
    if ((code === "stale" || code === "transfer_mismatch") && escrow.row.reason !== code) {
      log.error("transfer disputed by its destination", { transfer_id, code, detail });
    }
    escrow.row = { ...escrow.row, reason: code };
    if (!escrow.givingUp && escrow.outOfPatience(clock.monotonicMs(), code)) {
      escrow.givingUp = true;
      log.warn("transfer gives up", { transfer_id, code, detail });
    }
    // A request that was never sent, or refused unread, leaves no doubt.
    if (escrow.row.state === "in_doubt" || code === "not_sent" || code === "too_many") return;
    try {
      escrow.row = await this.#recorded(settlement.doubt(escrow.row, detail));
    } catch (error) {
      log.warn("transfer not recorded", { transfer_id, error: messageOf(error) });
    }
  }

  /** Makes the decision durable. Returns false when it has to be retried. */
  async #settle(escrow: Escrow, heard: Answer): Promise<boolean> {
    const { log, settlement } = this.#ports;
    try {
      const settled = await settlement.record(escrow.row, heard);
      if (!settled) return false;
      this.#close(settled);
      return true;
    } catch (error) {
      const transfer_id = escrow.row.transfer_id;
      log.warn("transfer not recorded", { transfer_id, error: messageOf(error) });
      return false;
    }
  }

  #close(row: OutboxRow): void {
    const { metrics, onReturned } = this.#ports;
    this.#open.get(row.transfer_id)?.settled.resolve();
    this.#open.delete(row.transfer_id);
    this.#sequences.settle(row);
    metrics.set("tankd_escrow", this.#open.size);
    metrics.count("tankd_transfers_total", { direction: "out", state: row.state });
    this.#lines.info(TRANSFER_LINES, "transfer settled", {
      transfer_id: row.transfer_id,
      state: row.state,
      reason: row.reason,
      attempts: row.attempts,
    });
    if (row.state === "returned") onReturned(row);
  }

  async #recorded<T>(work: Promise<T>): Promise<T> {
    this.#recording.add(work);
    try {
      return await work;
    } finally {
      this.#recording.delete(work);
    }
  }
}
