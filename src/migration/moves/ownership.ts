import type { Cluster } from "../../cluster/cluster.ts";
import type { Identity } from "../../cluster/identity/identity.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import type { Journal } from "../../store/journal.ts";
import type { MovedTankRow, MoveRow } from "../../store/rows.ts";
import type { TankHandOver } from "../../tanks/hand-over.ts";
import type { Connections } from "../connections/connections.ts";
import type { TankPayload } from "../payloads/tank.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { digestOfBundle } from "./bundle-file.ts";
import { certify, merged } from "./certificate.ts";
import type { TankGates } from "./gates.ts";
import { bundlePath, type MoveLog } from "./move-log.ts";
import type { Owners } from "./owners.ts";

export interface OwnershipPorts {
  readonly identity: Identity;
  readonly cluster: Cluster;
  readonly hosting: TankHandOver;
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly payload: TankPayload;
  readonly outgoing: Outgoing;
  readonly connections: Connections;
  readonly owners: Owners;
  readonly gates: TankGates;
  readonly moves: MoveLog;
}

/** What an owner does with its tank in a move: each step is one commit, and what goes with it. */
export class Ownership {
  readonly #ports: OwnershipPorts;

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
  }

  /** Keeps a tank closed that an earlier start has sealed. */
  hold(row: MoveRow): void {
    const { gates, outgoing } = this.#ports;
    outgoing.close(row.tank_id);
    void gates.close(row.tank_id, reasonFor(row));
    void outgoing.suspend(row.tank_id);
  }

  /**
   * Seals the tank: nothing of it is decided, sent, settled or ticks from here on. On rejection
   * with Problem it goes on. `written`: the bundle is on the disk, which is not waited for here,
   * and has to be before the handover.
   */
  async seal(row: MoveRow) {
    const { outgoing, gates, payload, owners, files, journal, moves } = this.#ports;
    const { tank_id, move_id } = row;
    const reason = reasonFor(row);
    try {
      outgoing.close(tank_id);
      await gates.close(tank_id, reason);
      await outgoing.suspend(tank_id);
      const { bytes } = await payload.seal(tank_id, reason, owners.certificates(tank_id));
      const sealed = { ...row, digest: digestOfBundle(bytes), bytes: bytes.length };
      const written = files.writeDurably(bundlePath(move_id), bytes);
      // A rejection before it is awaited must not count as unhandled.
      written.catch(() => {});
      await journal.commit(moves.writes(sealed));
      moves.note(sealed);
      return { row: sealed, bytes, written };
    } catch (error) {
      await this.#goOn(row);
      if (error instanceof Problem) throw error;
      throw new Problem("storage_unavailable", messageOf(error), { cause: error });
    }
  }

  /** The tank goes on here, as if nothing had been. Rejects when the storage does. */
  async abort(row: MoveRow, reason: string): Promise<MoveRow> {
    const { journal, moves } = this.#ports;
    const aborted = moves.changed(row, { state: "aborted", reason });
    await journal.commit(moves.writes(aborted));
    moves.note(aborted);
    await this.#goOn(aborted);
    return aborted;
  }

  /**
   * The point of no return, in one commit. On rejection nothing was committed: the tank is as
   * sealed as before. `position` is how far the journal of the destination has come.
   */
  async handOver(row: MoveRow, position: string | undefined): Promise<MoveRow> {
    const { identity, owners, moves, clock, journal, hosting, connections, cluster } = this.#ports;
    const { tank_id, move_id, epoch, peer_node_id: to } = row;
    const certificate = certify(identity, { tank_id, move_id, to, epoch });
    const certificates = merged([certificate], owners.certificates(tank_id));
    const moved = moves.changed(row, { state: "moved", reason: null });
    const owner: MovedTankRow = {
      tank_id,
      epoch,
      node_id: to,
      certificates: JSON.stringify(certificates),
      moved_at: clock.wallMs(),
    };
    await connections.handOver(tank_id, to, (writes) =>
      hosting.handOver(tank_id, async () => {
        const { positions } = cluster;
        if (positions.fenced) throw positions.fenced;
        await journal.commit([
          ...writes,
          { remove: "tank_transfers", tank_id },
          { remove: "tank", tank_id },
          { put: "moved_tank", row: owner },
          ...moves.writes(moved),
          ...positions.remember(to, position),
        ]);
        owners.note(owner);
        moves.note(moved);
      }),
    );
    this.#ports.outgoing.forget(tank_id);
    this.#reopen(tank_id);
    return moved;
  }

  async #goOn({ tank_id, move_id }: MoveRow): Promise<void> {
    const { outgoing, hosting, files } = this.#ports;
    await hosting.release(tank_id).catch(() => {});
    outgoing.proceed(tank_id);
    this.#reopen(tank_id);
    await files.remove(bundlePath(move_id)).catch(() => {});
  }

  #reopen(tankId: string): void {
    this.#ports.gates.open(tankId);
    this.#ports.outgoing.reopen(tankId);
  }
}

function reasonFor({ peer_node_id }: MoveRow): string {
  return `it is moving to node ${peer_node_id}`;
}
