import type { Cluster } from "../../cluster/cluster.ts";
import { atOnce } from "../../platform/at-once.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import { LIMITS } from "../../platform/limits.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { MoveRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { TankPayload } from "../payloads/tank.ts";
import { commitDurably } from "../transfer/commit-durably.ts";
import { digestOfBundle } from "./bundle-file.ts";
import { bundlePath, type MoveLog } from "./move-log.ts";
import type { Owners } from "./owners.ts";
import type { PeerTalk } from "./peer-talk.ts";
import { type Offer, PART_PATH, partReplySchema } from "./protocol.ts";

export interface ReceivingPorts {
  readonly cluster: Cluster;
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly engineVersion: number;
  readonly payload: TankPayload;
  readonly owners: Owners;
  readonly moves: MoveLog;
  readonly talk: PeerTalk;
  /** A tank is stored, and this node may be asked for its transfers from now on. */
  readonly onStored: (row: MoveRow) => void;
}

/** Who offers a tank, and how far its journal has come. */
export interface Offerer {
  readonly owner: string;
  readonly position: string | undefined;
}

/** How long an offer waits for the tank to be stored before it is answered that it is under way. */
const STORE_WAIT_MS = 1_000;
/** Parts that are asked for at the same time, so that the way does not stand idle. */
const PARTS_AT_ONCE = 3;
/** How long a failure is kept for the next offer. */
const FAILURE_KEPT_MS = 60_000;

/** One tank that is being fetched. */
interface Fetching {
  readonly done: Promise<void>;
  isOver: boolean;
}

/** Takes offers: fetches tanks, examines them, and stores them, inactive. */
export class Receiving {
  readonly #ports: ReceivingPorts;
  readonly #fetching = new Map<string, Fetching>();

  constructor(ports: ReceivingPorts) {
    this.#ports = ports;
  }

  /** What becomes of an offer. Rejects with Problem where the tank is not taken. */
  async take(
    offer: Offer,
    from: Offerer,
  ): Promise<"welcome" | "receiving" | "stored" | "activated"> {
    const { moves } = this.#ports;
    const known = moves.get(offer.move_id);
    if (known?.state === "stored" || known?.state === "activated") return known.state;
    if (known) throw new Problem("conflict", "This move has been aborted.");
    this.#requireRoom(offer);
    if (offer.bundle === null) return "welcome";
    const other = moves.openOf(offer.tank_id);
    if (other) throw new Problem("tank_moving", "An earlier move of this tank is not settled yet.");
    await this.#awaitStored(offer, from);
    return moves.get(offer.move_id) ? "stored" : "receiving";
  }

  /** The bundle of a move, from its owner. Rejects with Problem `bad_archive` and others. */
  async fetch(
    owner: string,
    move_id: string,
    { digest, bytes: length }: { readonly digest: string; readonly bytes: number },
  ): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const count = Math.ceil(length / MOVE_LIMITS.partBytesMax);
    const places = Array.from({ length: count }, (_, index) => index * MOVE_LIMITS.partBytesMax);
    await atOnce(PARTS_AT_ONCE, places, async (at) => {
      const body = { version: 1, move_id, at };
      const told = await this.#ports.talk.ask(owner, PART_PATH, body, partReplySchema);
      const part = Uint8Array.fromBase64(told.body.part);
      if (part.length !== Math.min(MOVE_LIMITS.partBytesMax, length - at)) {
        throw new Problem("bad_archive", "the tank that was sent has another length than it said");
      }
      bytes.set(part, at);
    });
    if (digestOfBundle(bytes) === digest) return bytes;
    throw new Problem("bad_archive", "the tank that was sent does not match its digest");
  }

  /** @throws Problem */
  #requireRoom({ move_id, tank_id, epoch, engine_version }: Offer): void {
    const { tanks, owners, engineVersion, cluster, moves } = this.#ports;
    const here = cluster.serverId;
    if (owners.certificates(tank_id).some((one) => one.move_id === move_id)) {
      throw new Problem("directory_copied", "This node was given that tank by you.");
    }
    if (tanks.get(tank_id)) throw new Problem("conflict", `${here} has this tank already.`);
    if (owners.epochOf(tank_id) >= epoch) {
      throw new Problem("conflict", `${here} knows a later owner of this tank.`);
    }
    if (engine_version !== engineVersion) {
      const detail = `${here} has engine ${engineVersion}, the tank is of ${engine_version}.`;
      throw new Problem("other_engine", detail);
    }
    if (tanks.storageFault !== undefined) {
      throw new Problem("storage_unavailable", tanks.storageFault);
    }
    const stored = moves.list().filter(({ state }) => state === "stored").length;
    if (tanks.list().length + stored + this.#busy.length >= LIMITS.tanksMax) {
      throw new Problem("too_many", `${here} hosts as many tanks as a node can.`);
    }
  }

  get #busy(): readonly Fetching[] {
    return [...this.#fetching.values()].filter(({ isOver }) => !isOver);
  }

  /** Resolves when the bundle is stored, or after a while. Rejects once where that has failed. */
  async #awaitStored(offer: Offer, from: Offerer): Promise<void> {
    const { move_id } = offer;
    const { done } = this.#fetching.get(move_id) ?? this.#begin(offer, from);
    const over = new AbortController();
    const isLong = sleep(this.#ports.timers, STORE_WAIT_MS, over.signal);
    try {
      await Promise.race([done, isLong]);
    } catch (error) {
      this.#fetching.delete(move_id);
      throw error;
    } finally {
      over.abort();
    }
  }

  #begin(offer: Offer, from: Offerer): Fetching {
    if (this.#busy.length >= MOVE_LIMITS.movesAtOnceMax) {
      throw new Problem("too_many", "Too many tanks arrive at once; try again.");
    }
    const { move_id } = offer;
    const fetching: Fetching = { done: this.#store(offer, from), isOver: false };
    this.#fetching.set(move_id, fetching);
    const forget = () => {
      if (this.#fetching.get(move_id) === fetching) this.#fetching.delete(move_id);
    };
    fetching.done.then(forget, () => {
      fetching.isOver = true;
      this.#ports.timers.after(FAILURE_KEPT_MS, forget);
    });
    return fetching;
  }

  async #store(offer: Offer, { owner, position }: Offerer): Promise<void> {
    const { clock, files, journal, payload, moves, cluster, onStored } = this.#ports;
    const { bundle, move_id, tank_id, name, epoch } = offer;
    if (bundle === null) return;
    const bytes = await this.fetch(owner, move_id, bundle);
    await payload.arrivalOf(payload.read(bytes, tank_id, epoch));
    const now = clock.wallMs();
    const row: MoveRow = {
      ...{ move_id, tank_id, name, epoch, ...bundle },
      direction: "in",
      peer_node_id: owner,
      state: "stored",
      reason: null,
      created_at: now,
      updated_at: now,
    };
    await files.writeDurably(bundlePath(move_id), bytes);
    const remembered = cluster.positions.remember(owner, position);
    await commitDurably(journal, [...moves.writes(row), ...remembered]);
    moves.note(row);
    onStored(row);
  }
}
