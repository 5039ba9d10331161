import type { Cluster } from "../../cluster/cluster.ts";
import type { Identity } from "../../cluster/identity/identity.ts";
import type { PeerRoute } from "../../cluster/peer-route.ts";
import { type Clock, rfc3339 } from "../../platform/clock.ts";
import { messageOf, Problem, StorageUnavailable } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { MoveRow } from "../../store/rows.ts";
import type { TankHandOver } from "../../tanks/hand-over.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Connections } from "../connections/connections.ts";
import type { MovedTank, MoveView } from "../migration.ts";
import { TankPayload } from "../payloads/tank.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { Arrivals } from "./arrivals.ts";
import { Departures } from "./departures.ts";
import type { TankGates } from "./gates.ts";
import { bundlePath, MOVES_FOLDER, MoveLog } from "./move-log.ts";
import { OwnerAnswers } from "./owner-answers.ts";
import type { Owners } from "./owners.ts";
import type { PeerTalk } from "./peer-talk.ts";
import {
  ACTIVATE_PATH,
  activateReplySchema,
  activateSchema,
  OFFER_PATH,
  OUTCOME_PATH,
  offerReplySchema,
  offerSchema,
  outcomeReplySchema,
  outcomeSchema,
  PART_PATH,
  PROOF_PATH,
  partReplySchema,
  partSchema,
  proofReplySchema,
  proofSchema,
} from "./protocol.ts";

/** What moves need besides the ports of transfers. */
export interface MoveDeps {
  readonly identity: Identity;
  readonly files: Files;
  readonly hosting: TankHandOver;
  readonly engineVersion: number;
  /** Why tanks of that node are not taken; undefined where they are. */
  readonly distrusts: (nodeId: string) => string | undefined;
  /** Why this node takes no tank of anybody now; undefined where it does. */
  readonly refusal?: () => Problem | undefined;
}

export interface MovesPorts extends MoveDeps {
  readonly cluster: Cluster;
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly outgoing: Outgoing;
  readonly connections: Connections;
  readonly owners: Owners;
  readonly gates: TankGates;
  readonly talk: PeerTalk;
}

/** The moves of whole tanks from and to this node. */
export class Moves {
  readonly #ports: MovesPorts;
  readonly #log: MoveLog;
  readonly #departures: Departures;
  readonly #arrivals: Arrivals;
  readonly #answers: OwnerAnswers;

  constructor(ports: MovesPorts) {
    this.#ports = ports;
    this.#log = new MoveLog(ports.clock);
    const payload = new TankPayload({ ...ports, nodeId: ports.cluster.nodeId });
    const parts = { ...ports, payload, moves: this.#log };
    this.#departures = new Departures(parts);
    this.#arrivals = new Arrivals(parts);
    this.#answers = new OwnerAnswers(parts);
  }

  /** Learns what earlier starts have left: before anything is decided or sent. */
  async recall(): Promise<void> {
    await this.#log.load(this.#ports.journal);
    this.#departures.recall();
    this.#arrivals.recall();
    await this.#sweep();
  }

  resume(): void {
    this.#departures.resume();
    this.#arrivals.resume();
  }

  stop(): void {
    this.#departures.stop();
    this.#arrivals.stop();
  }

  moveTank(tankId: string, nodeId: string): Promise<MovedTank> {
    return this.#departures.moveTank(tankId, nodeId);
  }

  isMoving(tankId: string): boolean {
    return this.#departures.isMoving(tankId);
  }

  /** Newest first. */
  views(): readonly MoveView[] {
    return this.#log
      .list()
      .map((row) => this.#view(row))
      .reverse();
  }

  #view({ digest: _, bytes: __, ...row }: MoveRow): MoveView {
    const { peer_node_id } = row;
    return {
      ...row,
      peer_server_id: this.#ports.cluster.server(peer_node_id)?.server_id ?? peer_node_id,
      reason: this.#departures.waitsFor(row.move_id) ?? row.reason,
      created_at: rfc3339(row.created_at),
      updated_at: rfc3339(row.updated_at),
    };
  }

  routes(): readonly PeerRoute[] {
    return [
      {
        method: "POST",
        path: OFFER_PATH,
        summary: "Offers a whole tank to this node, which fetches and stores it, inactive",
        request: offerSchema,
        response: offerReplySchema,
        handle: guarded(this.#arrivals.offer),
      },
      {
        method: "POST",
        path: ACTIVATE_PATH,
        summary: "Gives a stored tank to this node: from now on it runs here",
        request: activateSchema,
        response: activateReplySchema,
        handle: guarded(this.#arrivals.activate),
      },
      {
        method: "POST",
        path: PART_PATH,
        summary: "A part of a tank that this node has offered",
        request: partSchema,
        response: partReplySchema,
        handle: guarded(this.#departures.part),
      },
      {
        method: "POST",
        path: OUTCOME_PATH,
        summary: "What has become of the move of a tank that this node has offered",
        request: outcomeSchema,
        response: outcomeReplySchema,
        handle: this.#answers.outcome,
      },
      {
        method: "POST",
        path: PROOF_PATH,
        summary: "What former owners of a tank have signed when they gave it away",
        request: proofSchema,
        response: proofReplySchema,
        handle: this.#answers.prove,
      },
    ];
  }

  /** Removes bundles of moves that were never committed, or have ended. */
  async #sweep(): Promise<void> {
    const { files, log } = this.#ports;
    const open = this.#log.list().filter(({ state }) => KEEPING.has(state));
    const kept = new Set(open.map(({ move_id }) => bundlePath(move_id)));
    try {
      for (const name of await files.list(MOVES_FOLDER)) {
        const path = `${MOVES_FOLDER}/${name}`;
        if (!kept.has(path)) await files.remove(path);
      }
    } catch (error) {
      log.warn("bundles of moves left", { reason: messageOf(error) });
    }
  }
}

/** Tells a failure of the storage as one that may be over in a moment. */
function guarded(handle: PeerRoute["handle"]): PeerRoute["handle"] {
  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      throw new Problem("storage_unavailable", error.message, { cause: error });
    }
  };
}

/** States in which the bundle may still be needed. */
const KEEPING: ReadonlySet<MoveRow["state"]> = new Set(["sealed", "moved", "stored"]);
