import type { Cluster } from "../../cluster/cluster.ts";
import type { Identity } from "../../cluster/identity/identity.ts";
import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { readBody } from "../../cluster/read-body.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf, Problem, type ProblemCode } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { MovedTankRow, MoveRow } from "../../store/rows.ts";
import type { TankHandOver } from "../../tanks/hand-over.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Connections } from "../connections/connections.ts";
import type { MovedTank } from "../migration.ts";
import type { TankPayload } from "../payloads/tank.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { digestOfBundle } from "./bundle-file.ts";
import { type Certificate, certify, merged } from "./certificate.ts";
import type { TankGates } from "./gates.ts";
import { bundlePath, type MoveLog } from "./move-log.ts";
import type { Owners } from "./owners.ts";
import { type PeerTalk, requireSigner, stated } from "./peer-talk.ts";
import {
  ACTIVATE_PATH,
  activateReplySchema,
  OFFER_PATH,
  type Offer,
  offerReplySchema,
  outcomeSchema,
  partSchema,
} from "./protocol.ts";

export interface DeparturePorts {
  readonly identity: Identity;
  readonly cluster: Cluster;
  readonly tanks: Tanks;
  readonly hosting: TankHandOver;
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly engineVersion: number;
  readonly payload: TankPayload;
  readonly outgoing: Outgoing;
  readonly connections: Connections;
  readonly owners: Owners;
  readonly gates: TankGates;
  readonly moves: MoveLog;
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
  readonly #atOnce = new KeyedSemaphore<undefined>(MOVE_LIMITS.movesAtOnceMax);
  /** By tank: those that are being prepared, too. */
  readonly #moving = new Map<string, Departure | undefined>();
  #stopped = false;

  constructor(ports: DeparturePorts) {
    this.#ports = ports;
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
      if (row.state !== "sealed") continue;
      void this.#ports.gates.close(row.tank_id, reasonFor(row));
      this.#ports.outgoing.close(row.tank_id);
      void this.#ports.outgoing.suspend(row.tank_id);
    }
  }

  /** Goes on with what an earlier start has begun. */
  resume(): void {
    for (const row of this.#open()) {
      const departure = this.#departureOf(row, undefined);
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
    this.#requireMovable(tankId);
    this.#requireDestination(nodeId);
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
    const signer = this.#signer(request);
    const departure = [...this.#moving.values()].find((one) => one?.row.move_id === move_id);
    if (!departure || departure.row.peer_node_id !== signer) {
      throw new Problem("not_found", "No such move is under way here.");
    }
    const bytes = await this.#bytesOf(departure);
    departure.progressMs = this.#ports.clock.monotonicMs();
    const part = bytes.subarray(at, at + MOVE_LIMITS.partBytesMax);
    return stated({ part: part.toBase64() }, this.#ports.cluster.positions);
  };

  /** `POST /api/moves/outcome`. */
  readonly outcome = async (request: PeerRequest): Promise<PeerReply> => {
    const { move_id, tank_id } = readBody(outcomeSchema, request.body);
    const signer = this.#signer(request);
    const { owners, moves, cluster } = this.#ports;
    const certificate = owners
      .certificates(tank_id)
      .find((one) => one.move_id === move_id && one.from === cluster.nodeId && one.to === signer);
    const row = moves.get(move_id);
    const isOpen = row?.peer_node_id === signer && row.state === "sealed";
    const state = certificate ? "moved" : isOpen ? "sealed" : "aborted";
    return stated({ state, certificate: certificate ?? null }, cluster.positions);
  };

  #signer(request: PeerRequest): string {
    const { cluster, owners } = this.#ports;
    return requireSigner(request, cluster.positions, owners.loaded);
  }

  /** @throws Problem */
  #requireMovable(tankId: string): void {
    const { tanks, cluster } = this.#ports;
    const { fenced } = cluster.positions;
    if (fenced) throw fenced;
    const tank = tanks.get(tankId);
    if (!tank) throw new Problem("unknown_tank", `This node has no tank ${tankId}.`);
    if (this.#moving.has(tankId)) {
      throw new Problem("tank_moving", `The tank ${tank.row.name} is moving already.`);
    }
    if (tank.status === "stopped") {
      const why = tank.reason ?? "it does not run";
      throw new Problem("not_ready", `The tank ${tank.row.name} is stopped: ${why}.`);
    }
  }

  /** @throws Problem */
  #requireDestination(nodeId: string): void {
    const { cluster } = this.#ports;
    if (nodeId === cluster.nodeId) {
      throw new Problem("invalid", "The tank is on this node already.");
    }
    const server = cluster.server(nodeId);
    if (!server) throw new Problem("unknown_server", `There is no server ${nodeId}.`);
    if (server.status === "offline") {
      throw new Problem("unreachable", `${server.server_id} is offline; the tank goes on here.`);
    }
    if (server.status_reason) {
      throw new Problem(
        "unreachable",
        `${server.server_id} takes no tank: ${server.status_reason}`,
      );
    }
  }

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
    const { tanks, clock, random, engineVersion, talk, journal, files, moves } = this.#ports;
    const tank = tanks.get(tankId);
    if (!tank) throw new Problem("unknown_tank", `This node has no tank ${tankId}.`);
    const { name, epoch } = tank.row;
    this.#requireProvable(tankId);
    const inquiry: Offer = {
      version: 1,
      move_id: randomHex(random, 16),
      tank_id: tankId,
      name,
      epoch: epoch + 1,
      engine_version: engineVersion,
      bundle: null,
    };
    await talk.ask(nodeId, OFFER_PATH, inquiry, offerReplySchema).catch((error: unknown) => {
      throw this.#refusalBy(nodeId, error);
    });
    const now = clock.wallMs();
    const row: MoveRow = {
      move_id: inquiry.move_id,
      tank_id: tankId,
      name,
      direction: "out",
      peer_node_id: nodeId,
      epoch: epoch + 1,
      state: "sealed",
      digest: "",
      bytes: 0,
      reason: null,
      created_at: now,
      updated_at: now,
    };
    try {
      const bytes = await this.#seal(row);
      const sealed = { ...row, digest: digestOfBundle(bytes), bytes: bytes.length };
      await files.writeDurably(bundlePath(row.move_id), bytes);
      await journal.commit(moves.writes(sealed));
      moves.note(sealed);
      const departure = this.#departureOf(sealed, bytes);
      this.#moving.set(tankId, departure);
      return departure;
    } catch (error) {
      await this.#unseal(row);
      if (error instanceof Problem) throw error;
      throw new Problem("storage_unavailable", messageOf(error), { cause: error });
    }
  }

  /** Each node that a tank was on has to be kept, for fish that were sent to it there. */
  #requireProvable(tankId: string): void {
    const { owners, cluster } = this.#ports;
    const others = owners.certificates(tankId).filter((one) => one.from !== cluster.nodeId);
    if (others.length + 1 < MOVE_LIMITS.certificatesMax) return;
    throw new Problem("too_many", `A tank can be on ${MOVE_LIMITS.certificatesMax} nodes at most.`);
  }

  /** Nothing of the tank is decided, sent, settled or ticks from here on. */
  async #seal(row: MoveRow): Promise<Uint8Array<ArrayBuffer>> {
    const { outgoing, gates, payload, owners } = this.#ports;
    const { tank_id } = row;
    outgoing.close(tank_id);
    await gates.close(tank_id, reasonFor(row));
    await outgoing.suspend(tank_id);
    const { bytes } = await payload.seal(tank_id, reasonFor(row), owners.certificates(tank_id));
    return bytes;
  }

  /** The tank goes on here, as if nothing had been. */
  async #unseal({ tank_id, move_id }: MoveRow): Promise<void> {
    const { outgoing, gates, hosting, files } = this.#ports;
    await hosting.release(tank_id).catch(() => {});
    gates.open(tank_id);
    outgoing.proceed(tank_id);
    outgoing.reopen(tank_id);
    await files.remove(bundlePath(move_id)).catch(() => {});
  }

  #departureOf(row: MoveRow, bytes: Uint8Array | undefined): Departure {
    const progressMs = this.#ports.clock.monotonicMs();
    return { row, bytes, progressMs, reason: undefined };
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
    let state: string;
    try {
      ({ state } = (await talk.ask(nodeId, OFFER_PATH, offer, offerReplySchema)).body);
    } catch (error) {
      await this.#considerAbort(departure, error);
      return;
    }
    departure.reason = state === "activated" ? AHEAD : undefined;
    if (state === "stored") await this.#handOver(departure);
    else if (state === "receiving" && this.#isSilent(departure)) {
      await this.#considerAbort(departure, undefined);
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
    const { journal, moves, log } = this.#ports;
    const row = moves.changed(departure.row, { state: "aborted", reason });
    try {
      await journal.commit(moves.writes(row));
    } catch (error) {
      log.warn("move not aborted", { tank_id: row.tank_id, reason: messageOf(error) });
      return false;
    }
    moves.note(row);
    departure.row = row;
    await this.#unseal(row);
    this.#moving.delete(row.tank_id);
    log.info("move aborted", { tank_id: row.tank_id, reason });
    return true;
  }

  /** The point of no return, in one commit. */
  async #handOver(departure: Departure): Promise<void> {
    const { identity, owners, moves, clock, journal, hosting, connections, cluster, log } =
      this.#ports;
    const { tank_id, move_id, epoch, peer_node_id: to } = departure.row;
    const certificate = certify(identity, { tank_id, move_id, to, epoch });
    const certificates = merged([certificate], owners.certificates(tank_id));
    const row = moves.changed(departure.row, { state: "moved", reason: null });
    const owner: MovedTankRow = {
      tank_id,
      epoch,
      node_id: to,
      certificates: JSON.stringify(certificates),
      moved_at: clock.wallMs(),
    };
    try {
      await connections.handOver(tank_id, to, (writes) =>
        hosting.handOver(tank_id, async () => {
          if (cluster.positions.fenced) throw cluster.positions.fenced;
          await journal.commit([
            ...writes,
            { remove: "tank_transfers", tank_id },
            { remove: "tank", tank_id },
            { put: "moved_tank", row: owner },
            ...moves.writes(row),
          ]);
          owners.note(owner);
        }),
      );
    } catch (error) {
      // Nothing was committed: the tank is as sealed as before.
      log.warn("tank not handed over", { tank_id, reason: messageOf(error) });
      departure.reason = messageOf(error);
      return;
    }
    this.#ports.outgoing.forget(tank_id);
    this.#ports.outgoing.reopen(tank_id);
    this.#ports.gates.open(tank_id);
    moves.note(row);
    departure.row = row;
  }

  /** Tells the new owner, until it has heard it. */
  async #tell(departure: Departure): Promise<string | undefined> {
    const { talk, owners, cluster, journal, moves, files, log } = this.#ports;
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

function reasonFor({ peer_node_id }: MoveRow): string {
  return `it is moving to node ${peer_node_id}`;
}
