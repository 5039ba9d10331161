import { messageOf, Problem } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import { type Journal, type JournalWrite, TRANSFERS_UNCOUNTED } from "../../store/journal.ts";
import type { ConnectionRow, TankRow } from "../../store/rows.ts";
import type { TankFile, TankHandOver } from "../../tanks/hand-over.ts";
import { emptyLog, verifyChain } from "../../tanks/log/log-chain.ts";
import { DamagedSnapshot } from "../../tanks/snapshots/snapshot-file.ts";
import { snapshotFolder } from "../../tanks/snapshots/snapshot-making.ts";
import { stateIn } from "../../tanks/snapshots/snapshots.ts";
import { decodeBundle, encodeBundle, type TankBundle } from "../moves/bundle-file.ts";
import type { Certificate } from "../moves/certificate.ts";

export interface TankPayloadPorts {
  readonly nodeId: string;
  readonly hosting: TankHandOver;
  readonly journal: Journal;
  readonly files: Files;
  readonly engineVersion: number;
}

/** What becomes of a tank at its destination, besides the tank itself. */
export interface Arrival {
  readonly bundle: TankBundle;
  /** The rows of its tables but those of the tank, its connections, and who owns it. */
  readonly writes: readonly JournalWrite[];
}

/**
 * A whole tank as what is transferred: its world with the whole past that is kept, and all that its
 * node has promised others about it. `seal` and `import` are what they are for a fish; `restore` is
 * the release of a sealed tank, and its handover is the settled row of the outbox.
 */
export class TankPayload {
  readonly #ports: TankPayloadPorts;

  constructor(ports: TankPayloadPorts) {
    this.#ports = ports;
  }

  /**
   * Stops the tank and packs it. Decisions about its transfers must be closed and those of its own
   * suspended. On rejection with Problem it goes on.
   */
  async seal(
    tankId: string,
    reason: string,
    certificates: readonly Certificate[],
  ): Promise<{ readonly row: TankRow; readonly bytes: Uint8Array<ArrayBuffer> }> {
    const { hosting } = this.#ports;
    const row = await hosting.seal(tankId, reason);
    try {
      return { row, bytes: encodeBundle(await this.#collect(row, certificates)) };
    } catch (error) {
      await hosting.release(tankId);
      throw error;
    }
  }

  /** @throws Problem `bad_archive`, `other_engine` */
  read(bytes: Uint8Array, tankId: string, epoch: number): TankBundle {
    const bundle = decodeBundle(bytes);
    const { row, engineVersion, entries, snapshots } = bundle;
    if (row.tank_id !== tankId || row.epoch >= epoch) throw bad("it is not the one offered");
    if (engineVersion !== this.#ports.engineVersion) throw otherEngine(engineVersion);
    const [newest] = snapshots;
    if (newest === undefined) throw bad("it has no snapshot");
    for (const { row: snapshot, file } of snapshots) {
      if (snapshot.tank_id !== tankId) throw bad("a snapshot is of another tank");
      stateOf(snapshot, file);
    }
    const oldest = snapshots.at(-1)?.row ?? newest.row;
    const isWhole = entries[0]?.seq === 1;
    const start = isWhole
      ? emptyLog(row)
      : { seq: oldest.seq, tick: oldest.tick, checksum: oldest.log_checksum };
    const continued = entries.filter(({ seq }) => seq > start.seq);
    const checksum = verified(start, continued);
    const last = continued.at(-1);
    if (newest.row.log_checksum !== checksum || newest.row.seq !== (last?.seq ?? start.seq)) {
      throw bad("its newest snapshot is not its end");
    }
    return { ...bundle, entries: continued };
  }

  /** What the journal has to take, for a bundle that was read. @throws Problem `conflict` */
  async arrivalOf(bundle: TankBundle): Promise<Arrival> {
    const { journal } = this.#ports;
    const { outbox, inbox, horizons, counts, events, uncounted } = bundle.rows;
    for (const { transfer_id } of outbox) {
      if ((await journal.outboxRow(transfer_id)) === undefined) continue;
      throw new Problem("conflict", `the transfer ${transfer_id} is one of this node already`);
    }
    const writes: JournalWrite[] = outbox.map((row) => ({ put: "outbox", row }));
    for (const row of inbox) {
      // A source that has asked two nodes about one transfer has its answer from the first.
      const known = await journal.inboxRow(row.source_node_id, row.transfer_id);
      if (known === undefined) writes.push({ put: "inbox", row });
    }
    for (const row of horizons) writes.push({ put: "horizon", row });
    for (const row of counts) writes.push({ put: "transfer_count", row });
    for (const row of events) writes.push({ put: "event", row });
    if (Object.keys(uncounted).length > 0) {
      const value = JSON.stringify({ ...(await this.#uncounted()), ...uncounted });
      writes.push({ put: "meta", key: TRANSFERS_UNCOUNTED, value });
    }
    return { bundle, writes };
  }

  /** Hosts the tank. `alongside` are the writes of the same transaction. */
  async import(
    { bundle, writes }: Arrival,
    epoch: number,
    alongside: (row: TankRow) => readonly JournalWrite[],
    commit: (writes: readonly JournalWrite[]) => Promise<void>,
  ): Promise<TankRow> {
    const { hosting } = this.#ports;
    const { snapshots, entries } = bundle;
    const folder = snapshotFolder(bundle.row.tank_id);
    const kept = snapshots.map(({ row, file }) => {
      const path = `${folder}/${row.seq}-${row.tick}.snapshot`;
      return { row: { ...row, file: path }, file: { path, bytes: file } satisfies TankFile };
    });
    const hosted = await hosting.takeOver(
      { ...bundle.row, epoch },
      kept.map(({ file }) => file),
      (row) =>
        commit([
          { put: "tank", row },
          ...entries.map((entry) => ({ put: "log", row: entry }) as const),
          ...kept.map((snapshot) => ({ put: "snapshot", row: snapshot.row }) as const),
          ...writes,
          ...alongside(row),
        ]),
    );
    return hosted.row;
  }

  async #collect(row: TankRow, certificates: readonly Certificate[]): Promise<TankBundle> {
    const { nodeId, journal, engineVersion } = this.#ports;
    const { tank_id } = row;
    const { outbox, inbox, horizons, counts, events } = await journal.tankTransfers(tank_id);
    const connections = (await journal.connections()).filter((one) => isOwn(one, tank_id));
    const uncounted = await this.#uncounted();
    return {
      row,
      engineVersion,
      snapshots: await this.#snapshots(tank_id),
      entries: await journal.log(tank_id, 0),
      rows: {
        outbox: outbox.map((one) => ({ ...one, source_node_id: one.source_node_id ?? nodeId })),
        inbox: [...inbox],
        horizons: [...horizons],
        counts: [...counts],
        events: [...events],
        connections,
        certificates: [...certificates],
        uncounted: tank_id in uncounted ? { [tank_id]: uncounted[tank_id] ?? null } : {},
      },
    };
  }

  /** Those that are intact. @throws Problem where the newest is not */
  async #snapshots(tankId: string): Promise<TankBundle["snapshots"]> {
    const { journal, files } = this.#ports;
    const found: TankBundle["snapshots"][number][] = [];
    for (const [index, row] of (await journal.snapshots(tankId)).entries()) {
      const file = await files.read(row.file);
      try {
        if (!file) throw new DamagedSnapshot("the file is missing");
        stateIn(file, row);
        found.push({ row: { ...row, bytes: file.length }, file });
      } catch (error) {
        if (!(error instanceof DamagedSnapshot)) throw error;
        if (index > 0) continue;
        throw new Problem("storage_unavailable", `its last state is damaged: ${messageOf(error)}`);
      }
    }
    return found;
  }

  async #uncounted(): Promise<TankBundle["rows"]["uncounted"]> {
    const text = await this.#ports.journal.meta(TRANSFERS_UNCOUNTED);
    return text === undefined ? {} : JSON.parse(text);
  }
}

/** The automatic connection is each node's own. */
function isOwn({ source_tank_id, origin }: ConnectionRow, tankId: string): boolean {
  return source_tank_id === tankId && origin === "manual";
}

function stateOf(row: Parameters<typeof stateIn>[1], file: Uint8Array): void {
  try {
    stateIn(file, row);
  } catch (error) {
    throw bad(`a snapshot is damaged: ${messageOf(error)}`);
  }
}

function verified(...[start, rows]: Parameters<typeof verifyChain>): string {
  try {
    return verifyChain(start, rows);
  } catch (error) {
    throw bad(messageOf(error));
  }
}

function bad(why: string): Problem {
  return new Problem("bad_archive", `the tank that was sent is not whole: ${why}`);
}

function otherEngine(version: number): Problem {
  return new Problem("other_engine", `the tank is of engine ${version}, and this node has another`);
}
