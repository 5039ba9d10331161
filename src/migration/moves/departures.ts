import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { readBody } from "../../cluster/read-body.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep } from "../../platform/timers.ts";
import type { MoveRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { MovedTank } from "../migration.ts";
import { digestOfBundle } from "./bundle-file.ts";
import {
  type Departure,
  DepartureDriver,
  type DriverPorts,
  refusalBy,
} from "./departure-driver.ts";
import { movableTank, requireDestination } from "./movable.ts";
import { bundlePath } from "./move-log.ts";
import { Ownership } from "./ownership.ts";
import { requireSigner, stated } from "./peer-talk.ts";
import { OFFER_PATH, type Offer, offerReplySchema, partSchema } from "./protocol.ts";

export interface DeparturePorts extends DriverPorts {
  readonly tanks: Tanks;
  readonly random: Random;
}

/** How long a caller waits for the destination to say that the tank runs. */
const ACTIVATION_WAIT_MS = 30_000;

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
  readonly #driver: DepartureDriver;

  constructor(ports: DeparturePorts) {
    this.#ports = ports;
    this.#ownership = new Ownership(ports);
    const onEnded = (tankId: string) => void this.#moving.delete(tankId);
    this.#driver = new DepartureDriver(ports, this.#ownership, onEnded);
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
      void this.#driver.drive(departure).catch((error: unknown) => this.#failed(row, error));
    }
  }

  stop(): void {
    this.#driver.stop();
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
      throw refusalBy(this.#ports.cluster, nodeId, error);
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
    const driven = this.#driver.drive(departure);
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

  #label(nodeId: string): string {
    return this.#ports.cluster.server(nodeId)?.server_id ?? nodeId;
  }
}

function isUnderWay(state: MoveRow["state"]): boolean {
  return state === "sealed" || state === "moved";
}
