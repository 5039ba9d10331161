import type { z } from "zod";
import type { Cluster } from "../../cluster/cluster.ts";
import { messageOf, Problem, type ProblemCode } from "../../platform/errors.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { MoveRow } from "../../store/rows.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Certificate } from "./certificate.ts";
import { bundlePath } from "./move-log.ts";
import type { Ownership, OwnershipPorts } from "./ownership.ts";
import type { PeerTalk, Told } from "./peer-talk.ts";
import {
  ACTIVATE_PATH,
  activateReplySchema,
  OFFER_PATH,
  type Offer,
  offerReplySchema,
} from "./protocol.ts";

export interface DriverPorts extends OwnershipPorts {
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly engineVersion: number;
  readonly talk: PeerTalk;
}

/** A destination that neither answers nor asks for parts for so long is given up. */
const PATIENCE_MS = 15_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;
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
export interface Departure {
  row: MoveRow;
  /** Kept from the seal on; read from the disk after a restart. */
  bytes: Uint8Array | undefined;
  /** Rejects where the bundle cannot be written. */
  readonly written: Promise<void>;
  /** Monotonic time of the last sign of the destination. */
  progressMs: number;
  reason: string | undefined;
}

/** Drives sealed tanks to their destinations: offers them, hands them over, and tells that. */
export class DepartureDriver {
  readonly #ports: DriverPorts;
  readonly #ownership: Ownership;
  readonly #onEnded: (tankId: string) => void;
  #stopped = false;

  /** `onEnded` is called with a tank whose move is done, or was given up. */
  constructor(ports: DriverPorts, ownership: Ownership, onEnded: (tankId: string) => void) {
    this.#ports = ports;
    this.#ownership = ownership;
    this.#onEnded = onEnded;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Resolves with the name at the destination, or undefined when the node stops. */
  async drive(departure: Departure): Promise<string | undefined> {
    const { timers, cluster } = this.#ports;
    const { tank_id } = departure.row;
    for (let pauses = 0; !this.#stopped; pauses++) {
      if (!cluster.positions.fenced) {
        const state = departure.row.state;
        const name =
          state === "sealed" ? await this.#offer(departure) : await this.#tell(departure);
        if (name !== undefined) {
          this.#onEnded(tank_id);
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
    const refusal = refusalBy(
      this.#ports.cluster,
      departure.row.peer_node_id,
      error ?? new Error("it is silent"),
    );
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
    this.#onEnded(tank_id);
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
      departure.reason = refusalBy(this.#ports.cluster, nodeId, error).message;
      log.debug("move waits", { tank_id, reason: departure.reason });
      return undefined;
    }
  }
}

/** Why a node does not take the tank, with its label. */
export function refusalBy(cluster: Cluster, nodeId: string, error: unknown): Problem {
  const code = error instanceof Problem ? error.code : "unreachable";
  const label = cluster.server(nodeId)?.server_id ?? nodeId;
  return new Problem(code, `${label} does not take it: ${messageOf(error)}`);
}
