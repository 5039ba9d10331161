import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { readBody } from "../../cluster/read-body.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { KeyedMutex } from "../../platform/mutex.ts";
import { sleep } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { MovedTankRow, MoveRow } from "../../store/rows.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Connections } from "../connections/connections.ts";
import { commitDurably } from "../transfer/commit-durably.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { digestOfBundle } from "./bundle-file.ts";
import { type Certificate, isGenuine, merged } from "./certificate.ts";
import type { TankGates } from "./gates.ts";
import { bundlePath } from "./move-log.ts";
import { requireSigner, stated } from "./peer-talk.ts";
import { activateSchema, OUTCOME_PATH, offerSchema, outcomeReplySchema } from "./protocol.ts";
import { Receiving, type ReceivingPorts } from "./receiving.ts";

export interface ArrivalPorts extends Omit<ReceivingPorts, "onStored"> {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly outgoing: Outgoing;
  readonly connections: Connections;
  readonly gates: TankGates;
  /** Why tanks of that node are not taken; undefined where they are. */
  readonly distrusts: (nodeId: string) => string | undefined;
  readonly refusal?: () => Problem | undefined;
}

const ASK_FIRST_MS = 1_000;
const ASK_MAX_MS = 30_000;

/**
 * The destination's half of a move. It stores what it is given, inactive, and activates it with the
 * certificate of the owner and in no other case; it drops it when the owner says so.
 */
export class Arrivals {
  readonly #ports: ArrivalPorts;
  readonly #receiving: Receiving;
  readonly #perMove = new KeyedMutex();
  #stopped = false;

  constructor(ports: ArrivalPorts) {
    this.#ports = ports;
    this.#receiving = new Receiving({ ...ports, onStored: (row) => this.#onStored(row) });
  }

  /** Closes tanks that are here and not this node's yet; before anything is decided. */
  recall(): void {
    for (const row of this.#stored()) {
      void this.#ports.gates.close(row.tank_id, reasonFor(row));
    }
  }

  /** Asks what has become of what an earlier start has stored. */
  resume(): void {
    for (const row of this.#stored()) void this.#inquire(row);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** `POST /api/moves/offer`. */
  readonly offer = async (request: PeerRequest): Promise<PeerReply> => {
    const offer = readBody(offerSchema, request.body);
    const { cluster, owners } = this.#ports;
    const owner = requireSigner(request, cluster.positions, owners.loaded);
    const distrust = this.#ports.distrusts(owner);
    if (distrust !== undefined) throw new Problem("not_trusted", distrust);
    const refusal = this.#ports.refusal?.();
    if (refusal !== undefined) throw refusal;
    const state = await this.#receiving.take(offer, { owner, position: request.query["position"] });
    return stated({ state }, cluster.positions);
  };

  /** `POST /api/moves/activate`. */
  readonly activate = async (request: PeerRequest): Promise<PeerReply> => {
    const { certificate } = readBody(activateSchema, request.body);
    const { cluster, owners } = this.#ports;
    const owner = requireSigner(request, cluster.positions, owners.loaded);
    if (owner !== certificate.from) {
      throw new Problem("not_trusted", "Only its owner may give a tank away.");
    }
    const name = await this.#activate(certificate, request.query["position"]);
    return stated({ state: "activated", name }, cluster.positions);
  };

  /** From now on this node may be asked for its transfers: nothing is decided until it runs. */
  #onStored(row: MoveRow): void {
    const { gates, log } = this.#ports;
    const { tank_id, name, peer_node_id: from, bytes } = row;
    void gates.close(tank_id, reasonFor(row));
    log.info("tank stored", { tank_id, name, from, bytes });
    void this.#inquire(row);
  }

  /** Resolves with the name of the tank here. */
  #activate(certificate: Certificate, position: string | undefined): Promise<string> {
    const { move_id, tank_id, epoch } = certificate;
    const { moves, owners, cluster, tanks } = this.#ports;
    return this.#perMove.run(move_id, async () => {
      const row = moves.get(move_id);
      const isOver = row?.state === "activated" || (!row && owners.epochOf(tank_id) >= epoch);
      if (isOver) return row?.name ?? tanks.get(tank_id)?.row.name ?? tank_id;
      if (row?.state !== "stored") throw new Problem("not_found", "No such tank is stored here.");
      const isMeant =
        certificate.from === row.peer_node_id &&
        certificate.to === cluster.nodeId &&
        certificate.tank_id === row.tank_id &&
        certificate.epoch === row.epoch;
      if (!isMeant || !isGenuine(certificate)) {
        throw new Problem("not_trusted", "The certificate is not that of this move.");
      }
      return this.#become(row, certificate, position);
    });
  }

  /** The tank is this node's from this commit on. */
  async #become(
    row: MoveRow,
    certificate: Certificate,
    position: string | undefined,
  ): Promise<string> {
    const { payload, owners, moves, cluster, clock, connections, outgoing, gates, files } =
      this.#ports;
    const { log, metrics } = this.#ports;
    const { tank_id, epoch, peer_node_id: from } = row;
    const bundle = payload.read(await this.#bytesOf(row), tank_id, epoch);
    const arrival = await payload.arrivalOf(bundle);
    const { rows } = bundle;
    const shown = [...rows.certificates, ...owners.certificates(tank_id)];
    const owner: MovedTankRow = {
      tank_id,
      epoch,
      node_id: cluster.nodeId,
      certificates: JSON.stringify(merged([certificate], shown)),
      moved_at: clock.wallMs(),
    };
    let activated = moves.changed(row, { state: "activated", reason: null });
    await connections.takeOver(tank_id, rows.connections, async (writes) => {
      await payload.import(
        arrival,
        epoch,
        ({ name }) => {
          activated = { ...activated, name };
          const remembered = cluster.positions.remember(from, position);
          const owned = { put: "moved_tank", row: owner } as const;
          return [...writes, owned, ...moves.writes(activated), ...remembered];
        },
        (all) => this.#commit(all, owner),
      );
    });
    moves.note(activated);
    outgoing.takeOver(rows.outbox);
    gates.open(tank_id);
    metrics.count("tankd_moves_total", { direction: "in", outcome: "activated" });
    log.info("tank arrived", { tank_id, name: activated.name, from, epoch });
    await files.remove(bundlePath(row.move_id)).catch(() => {});
    return activated.name;
  }

  async #commit(writes: Parameters<Journal["commit"]>[0], owner: MovedTankRow): Promise<void> {
    const { cluster, journal, owners } = this.#ports;
    const { fenced } = cluster.positions;
    if (fenced) throw new Problem("not_ready", fenced.message);
    await journal.commit(writes);
    owners.note(owner);
  }

  /** What was stored; of a damaged file the owner still has another copy. */
  async #bytesOf(row: MoveRow): Promise<Uint8Array> {
    const { files, log } = this.#ports;
    const path = bundlePath(row.move_id);
    const bytes = await files.read(path);
    if (bytes && digestOfBundle(bytes) === row.digest) return bytes;
    log.error("stored tank damaged", { tank_id: row.tank_id, move_id: row.move_id });
    const again = await this.#receiving.fetch(row.peer_node_id, row.move_id, row);
    await files.writeDurably(path, again);
    return again;
  }

  #stored(): readonly MoveRow[] {
    return this.#ports.moves.list().filter(({ state }) => state === "stored");
  }

  /** Asks the owner of a stored tank what has become of it, until that is known. */
  async #inquire(row: MoveRow): Promise<void> {
    const { timers, moves, cluster } = this.#ports;
    for (let pauses = 0; !this.#stopped; pauses++) {
      await sleep(timers, Math.min(ASK_MAX_MS, ASK_FIRST_MS * 2 ** Math.min(pauses, 10)));
      if (this.#stopped || moves.get(row.move_id)?.state !== "stored") return;
      if (cluster.positions.fenced) continue;
      await this.#ask(row);
    }
  }

  async #ask(row: MoveRow): Promise<void> {
    const { talk, log } = this.#ports;
    const { move_id, tank_id, peer_node_id } = row;
    try {
      const body = { version: 1, move_id, tank_id };
      const told = await talk.ask(peer_node_id, OUTCOME_PATH, body, outcomeReplySchema);
      const { state, certificate } = told.body;
      if (state === "moved" && certificate) await this.#activate(certificate, told.position);
      if (state === "aborted") await this.#perMove.run(move_id, () => this.#drop(row));
    } catch (error) {
      log.debug("stored tank waits", { tank_id, reason: messageOf(error) });
    }
  }

  /** Its owner keeps the tank. */
  async #drop(row: MoveRow): Promise<void> {
    const { journal, moves, gates, files, log } = this.#ports;
    const { move_id, tank_id } = row;
    if (moves.get(move_id)?.state !== "stored") return;
    const dropped = moves.changed(row, { state: "dropped", reason: "its owner has aborted it" });
    await commitDurably(journal, moves.writes(dropped));
    moves.note(dropped);
    gates.open(tank_id);
    await files.remove(bundlePath(move_id)).catch(() => {});
    this.#ports.metrics.count("tankd_moves_total", { direction: "in", outcome: "dropped" });
    log.info("stored tank dropped", { tank_id, from: row.peer_node_id });
  }
}

function reasonFor({ peer_node_id }: MoveRow): string {
  return `it is arriving from node ${peer_node_id}`;
}
