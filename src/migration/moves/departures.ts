import type { z } from "zod";
import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { readBody } from "../../cluster/read-body.ts";
import { messageOf, Problem, type ProblemCode } from "../../platform/errors.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { MoveRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { MovedTank } from "../migration.ts";
import { digestOfBundle } from "./bundle-file.ts";
import type { Certificate } from "./certificate.ts";
import { movableTank, requireDestination } from "./movable.ts";
import { bundlePath } from "./move-log.ts";
import { Ownership, type OwnershipPorts } from "./ownership.ts";
import { type PeerTalk, requireSigner, stated, type Told } from "./peer-talk.ts";
import {
  ACTIVATE_PATH,
  activateReplySchema,
  OFFER_PATH,
  type Offer,
  offerReplySchema,
  partSchema,
} from "./protocol.ts";

export interface DeparturePorts extends OwnershipPorts {
  readonly tanks: Tanks;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly engineVersion: number;
  readonly talk: PeerTalk;
}

/** A destination that neither answers nor asks for parts for so long is given up. */
const PATIENCE_MS = 15_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;
/** How long a caller waits for the destination to say that the tank runs. */
const ACTIVATION_WAIT_MS = 30_000;

/** Refusals that may be over in a moment: the move waits, within its patience. */
const TRANSIENT: ReadonlySet<ProblemCode> = new Set([
  "unreachable",
  "unknown_server",
  "not_ready",
  "too_many",
  "storage_unavailable",
  "tank_moving",
  "internal",
]);

/** The destination has what this node has not given: its directory was set back, or ours. */
const AHEAD = "the destination runs it already";

/** A move under way, with what only the running process knows. */
interface Departure {
  row: MoveRow;
  /** Kept from the seal on; read from the disk after a restart. */
  bytes: Uint8Array | undefined;
  /** Rejects where the bundle cannot be written. */
  readonly written: Promise<void>;
  /** Monotonic time of the last sign of the destination. */
  progressMs: number;
  reason: string | undefined;
}

/**
 * The owner's half of a move. It alone decides: until its commit of the handover it may abort by
 * itself, from then on it only ever tells what it has signed.
 */
export class Departures {
  readonly #ports: DeparturePorts;
  readonly #ownership: Ownership;
  readonly #atOnce = new KeyedSemaphore<undefined>(MOVE_LIMITS.movesAtOnceMax);
  /** By tank: those that are being prepared, too. */
  readonly #moving = new Map<string, Departure | undefined>();
  #stopped = false;

  constructor(ports: DeparturePorts) {
    this.#ports = ports;
    this.#ownership = new Ownership(ports);
  }

  isMoving(tankId: string): boolean {
    return this.#moving.has(tankId);
  }

  /** What a move waits for. */
  waitsFor(moveId: string): string | undefined {
    return [...this.#moving.values()].find((one) => one?.row.move_id === moveId)?.reason;
  }

  /** Closes tanks that an earlier start has sealed; before anything is decided or sent. */
  recall(): void {
    for (const row of this.#open()) {
      if (row.state === "sealed") this.#ownership.hold(row);
    }
  }

  /** Goes on with what an earlier start has begun. */
  resume(): void {
    for (const row of this.#open()) {
      const departure = this.#departureOf(row);
      this.#moving.set(row.tank_id, departure);
      void this.#drive(departure).catch((error: unknown) => this.#failed(row, error));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** See {@link Migration.moveTank}. */
  async moveTank(tankId: string, nodeId: string): Promise<MovedTank> {
    const startedMs = this.#ports.clock.monotonicMs();
    if (this.#moving.has(tankId)) throw new Problem("tank_moving", "The tank is moving already.");
    movableTank(this.#ports, tankId);
    requireDestination(this.#ports, nodeId);
    this.#moving.set(tankId, undefined);
    const { name, row } = await this.#atOnce.run(undefined, async () => {
      const departure = await this.#begun(tankId, nodeId);
      return { name: await this.#settled(departure), row: departure.row };
    });
    const { move_id, epoch } = row;
    return {
      move_id,
      tank_id: tankId,
      name,
      epoch,
      destination_node_id: nodeId,
      destination_server_id: this.#label(nodeId),
      duration_ms: Math.round(this.#ports.clock.monotonicMs() - startedMs),
    };
  }

  /** `POST /api/moves/part`. */
  readonly part = async (request: PeerRequest): Promise<PeerReply> => {
    const { move_id, at } = readBody(partSchema, request.body);
    const { cluster, owners } = this.#ports;
    const signer = requireSigner(request, cluster.positions, owners.loaded);
    const departure = [...this.#moving.values()].find((one) => one?.row.move_id === move_id);
    if (!departure || departure.row.peer_node_id !== signer) {
      throw new Problem("not_found", "No such move is under way here.");
    }
    const bytes = await this.#bytesOf(departure);
    departure.progressMs = this.#ports.clock.monotonicMs();
    const part = bytes.subarray(at, at + MOVE_LIMITS.partBytesMax);
    return stated({ part: part.toBase64() }, cluster.positions);
  };

  /** Rejects with Problem; then the tank goes on here. */
  async #begun(tankId: string, nodeId: string): Promise<Departure> {
    try {
      return await this.#begin(tankId, nodeId);
    } catch (error) {
      this.#moving.delete(tankId);
      throw error;
    }
  }

  /** Asks whether the tank is welcome, and seals it. */
  async #begin(tankId: string, nodeId: string): Promise<Departure> {
    const { clock, random, engineVersion, talk } = this.#ports;
    // Again: it may have waited for others.
    const { name, epoch } = movableTank(this.#ports, tankId).row;
    const move = { move_id: randomHex(random, 16), tank_id: tankId, name, epoch: epoch + 1 };
    const inquiry: Offer = { version: 1, ...move, engine_version: engineVersion, bundle: null };
    await talk.ask(nodeId, OFFER_PATH, inquiry, offerReplySchema).catch((error: unknown) => {
      throw this.#refusalBy(nodeId, error);
    });
    const now = clock.wallMs();
    const { row, bytes, written } = await this.#ownership.seal({
      ...move,
      direction: "out",
      peer_node_id: nodeId,
      state: "sealed",
      digest: "",
      bytes: 0,
      reason: null,
      created_at: now,
      updated_at: now,
    });
    const departure = this.#departureOf(row, bytes, written);
    this.#moving.set(tankId, departure);
    return departure;
  }

  #departureOf(row: MoveRow, bytes?: Uint8Array, written = Promise.resolve()): Departure {
    const progressMs = this.#ports.clock.monotonicMs();
    return { row, bytes, written, progressMs, reason: undefined };
  }

  #open(): readonly MoveRow[] {
    return this.#ports.moves
      .list()
      .filter(({ direction, state }) => direction === "out" && isUnderWay(state));
  }

  /** The name of the tank at its destination. */
  async #settled(departure: Departure): Promise<string> {
    const { timers, log } = this.#ports;
    const { row } = departure;
    const over = new AbortController();
    const tooLong = sleep(timers, ACTIVATION_WAIT_MS, over.signal).then(() => undefined);
    const driven = this.#drive(departure);
    driven.catch((error: unknown) =>
      log.warn("tank not moved", { tank_id: row.tank_id, reason: messageOf(error) }),
    );
    const name = await Promise.race([driven, tooLong]).finally(() => over.abort());
    if (name !== undefined) return name;
    throw new Problem(
      "move_unfinished",
      `The move of ${row.name} to ${this.#label(row.peer_node_id)} goes on by itself; so far: ` +
        `${departure.reason ?? departure.row.state}.`,
    );
  }

  /** Resolves with the name at the destination, or undefined when the node stops. */
  async #drive(departure: Departure): Promise<string | undefined> {
    const { timers, cluster } = this.#ports;
    const { tank_id } = departure.row;
    for (let pauses = 0; !this.#stopped; pauses++) {
      if (!cluster.positions.fenced) {
        const state = departure.row.state;
        const name =
          state === "sealed" ? await this.#offer(departure) : await this.#tell(departure);
        if (name !== undefined) {
          this.#moving.delete(tank_id);
          return name;
        }
        if (departure.row.state !== state) {
          pauses = -1;
          continue;
        }
      }
      await sleep(timers, Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(pauses, 10)));
    }
    return undefined;
  }

  /** Offers the sealed tank. Rejects once it was given up: then it runs here again. */
  async #offer(departure: Departure): Promise<undefined> {
    const { row } = departure;
    const { talk, engineVersion } = this.#ports;
    const { move_id, tank_id, name, epoch, digest, bytes, peer_node_id: nodeId } = row;
    const offer: Offer = {
      ...{ version: 1, move_id, tank_id, name, epoch },
      engine_version: engineVersion,
      bundle: { digest, bytes },
    };
    let told: Told<z.infer<typeof offerReplySchema>>;
    try {
      told = await talk.ask(nodeId, OFFER_PATH, offer, offerReplySchema);
    } catch (error) {
      await this.#considerAbort(departure, error);
      return;
    }
    const { state } = told.body;
    departure.reason = state === "activated" ? AHEAD : undefined;
    if (state === "stored" && !(await this.#isWritten(departure))) return;
    if (state === "stored") await this.#handOver(departure, told.position);
    else if (state === "receiving" && this.#isSilent(departure)) {
      await this.#considerAbort(departure, undefined);
    }
  }

  /** Whether the owner's copy is on the disk, too. If it cannot be, the move is given up. */
  async #isWritten(departure: Departure): Promise<boolean> {
    try {
      await departure.written;
      return true;
    } catch (error) {
      const detail = `the bundle cannot be written: ${messageOf(error)}`;
      if (await this.#abort(departure, detail)) throw new Problem("storage_unavailable", detail);
      return false;
    }
  }

  #isSilent({ progressMs }: Departure): boolean {
    return this.#ports.clock.monotonicMs() - progressMs > PATIENCE_MS;
  }

  async #considerAbort(departure: Departure, error: unknown): Promise<void> {
    const { log, cluster, clock } = this.#ports;
    const refusal = this.#refusalBy(departure.row.peer_node_id, error ?? new Error("it is silent"));
    departure.reason = refusal.message;
    const { tank_id } = departure.row;
    log.debug("move waits", { tank_id, reason: refusal.message });
    if (TRANSIENT.has(refusal.code) && !this.#isSilent(departure)) return;
    // A directory that was set back might not know that it has given the tank away.
    const isBehind = refusal.code === "directory_copied";
    if (isBehind || !cluster.positions.clearedForExport(clock.monotonicMs())) return;
    if (await this.#abort(departure, refusal.message)) throw refusal;
  }

  /** False where the storage does not take it: then it is tried again. */
  async #abort(departure: Departure, reason: string): Promise<boolean> {
    const { log, metrics } = this.#ports;
    const { tank_id } = departure.row;
    try {
      departure.row = await this.#ownership.abort(departure.row, reason);
    } catch (error) {
      log.warn("move not aborted", { tank_id, reason: messageOf(error) });
      return false;
    }
    this.#moving.delete(tank_id);
    metrics.count("tankd_moves_total", { direction: "out", outcome: "aborted" });
    log.info("move aborted", { tank_id, reason });
    return true;
  }

  async #handOver(departure: Departure, position: string | undefined): Promise<void> {
    try {
      departure.row = await this.#ownership.handOver(departure.row, position);
    } catch (error) {
      departure.reason = messageOf(error);
      const { tank_id, move_id } = departure.row;
      departure.row = this.#ports.moves.get(move_id) ?? departure.row;
      this.#ports.log.warn("tank not handed over", { tank_id, reason: departure.reason });
    }
  }

  /** Tells the new owner, until it has heard it. */
  async #tell(departure: Departure): Promise<string | undefined> {
    const { talk, owners, cluster, journal, moves, files, log, metrics } = this.#ports;
    const { tank_id, move_id, peer_node_id: nodeId } = departure.row;
    const certificate = owners
      .certificates(tank_id)
      .find((one) => one.move_id === move_id && one.from === cluster.nodeId);
    if (!certificate) throw new Error(`the certificate of move ${move_id} is gone`);
    try {
      const body = { version: 1, certificate } satisfies { version: 1; certificate: Certificate };
      const told = await talk.ask(nodeId, ACTIVATE_PATH, body, activateReplySchema);
      const { name } = told.body;
      const row = moves.changed(departure.row, { state: "done", name });
      const remembered = cluster.positions.remember(nodeId, told.position);
      await journal.commit([...moves.writes(row), ...remembered]);
      moves.note(row);
      departure.row = row;
      await files.remove(bundlePath(move_id)).catch(() => {});
      metrics.count("tankd_moves_total", { direction: "out", outcome: "done" });
      log.info("tank moved", { tank_id, name, to: nodeId, epoch: row.epoch });
      return name;
    } catch (error) {
      departure.reason = this.#refusalBy(nodeId, error).message;
      log.debug("move waits", { tank_id, reason: departure.reason });
      return undefined;
    }
  }

  async #bytesOf(departure: Departure): Promise<Uint8Array> {
    const { row } = departure;
    departure.bytes ??= await this.#ports.files.read(bundlePath(row.move_id));
    if (departure.bytes && digestOfBundle(departure.bytes) === row.digest) return departure.bytes;
    departure.bytes = undefined;
    throw new Problem("storage_unavailable", `The bundle of move ${row.move_id} is damaged.`);
  }

  #failed({ tank_id }: MoveRow, error: unknown): void {
    this.#ports.log.warn("tank not moved", { tank_id, reason: messageOf(error) });
  }

  #refusalBy(nodeId: string, error: unknown): Problem {
    const code = error instanceof Problem ? error.code : "unreachable";
    return new Problem(code, `${this.#label(nodeId)} does not take it: ${messageOf(error)}`);
  }

  #label(nodeId: string): string {
    return this.#ports.cluster.server(nodeId)?.server_id ?? nodeId;
  }
}

function isUnderWay(state: MoveRow["state"]): boolean {
  return state === "sealed" || state === "moved";
}
