import { identityFromSeed } from "../../cluster/identity/identity.ts";
import { AUTO_CONNECTION_REMOVED } from "../../migration/connections/connections.ts";
import { Problem } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import type { NodeKey } from "../../platform/node-key.ts";
import type { JournalWrite, Store } from "../../store/journal.ts";
import { snapshotFolder } from "../../tanks/snapshots/snapshot-making.ts";
import { distinctlyNamed } from "../../tanks/tank-names.ts";
import type { Log } from "../../telemetry/log.ts";
import { FIRST_TANKS } from "../first-tanks.ts";
import { type ForkedTankReport, forkTank, type TankForkPorts } from "./fork-tank.ts";
import { FORK_KEY } from "./settle-fork.ts";

export interface ForkPorts extends Omit<TankForkPorts, "source"> {
  readonly key: NodeKey;
  readonly store: Store;
  readonly files: Files;
  readonly log: Log;
}

/** The result of a fork, for users. */
export interface ForkReport {
  readonly from_node_id: string;
  readonly node_id: string;
  readonly tanks: readonly ForkedTankReport[];
  /** Tanks of which only a watermark is left: they are missing in the database. */
  readonly lost_tank_ids: readonly string[];
  /** Fish in escrow, which belong to the original. */
  readonly fish_left_behind: number;
}

const KEY_BYTES = 32;
/** Meta entries that a fork keeps: they belong to the directory, whichever node it is. */
const METAS_KEPT = [FIRST_TANKS, AUTO_CONNECTION_REMOVED] as const;

/**
 * Turns a data directory into another node before it runs: a new key, and every tank as a new one
 * with new ids, in its last durable state. Transfers, connections and knowledge of other nodes are
 * dropped. Undefined for a directory that never was a node.
 *
 * The change is one commit. Before it, new files exist beside the old ones (a prepared key,
 * snapshots without rows, which the next start removes); after it, `settleFork` completes the rest.
 * @throws Problem `data_directory_unusable`, naming every tank of which nothing can be copied
 */
export async function forkNode(ports: ForkPorts): Promise<ForkReport | undefined> {
  const { key, store, files, random, log } = ports;
  const { journal } = store;
  const rows = await journal.tanks();
  if (rows.length === 0 && journal.position === 0) return undefined;
  const { tanks, writes } = await forkTanks(ports);
  const known = new Set(rows.map(({ tank_id }) => tank_id));
  const marks = await journal.watermarks();
  const seed = random.bytes(KEY_BYTES);
  const report: ForkReport = {
    from_node_id: identityFromSeed(await key.current()).nodeId,
    node_id: identityFromSeed(seed).nodeId,
    tanks,
    lost_tank_ids: marks.map(({ tank_id }) => tank_id).filter((id) => !known.has(id)),
    fish_left_behind: (await journal.openOutbox()).length,
  };
  const { node_id, from_node_id } = report;
  const kept = await metasKept(ports);
  ports.signal?.throwIfAborted();
  await key.prepare(seed);
  await journal.commit([
    { remove: "everything" },
    ...writes,
    ...kept,
    { put: "meta", key: FORK_KEY, value: JSON.stringify({ node_id, from_node_id }) },
  ]);
  await key.adopt();
  for (const { node_id: heardOf } of await store.registry.load()) {
    await store.registry.remove(heardOf);
  }
  for (const { from_tank_id } of tanks) await files.removeFolder(snapshotFolder(from_tank_id));
  log.warn("data directory forked", { from_node_id, node_id, tanks: tanks.length });
  for (const { name, from_tank_id, tank_id, warnings } of tanks) {
    for (const reason of warnings) {
      log.warn("tank forked without all of it", { tank_id, name, from_tank_id, reason });
    }
  }
  for (const tank_id of report.lost_tank_ids) log.warn("tank lost before the fork", { tank_id });
  return report;
}

/** Requires that every tank can be copied: none is dropped silently. */
async function forkTanks(ports: ForkPorts): Promise<{
  readonly tanks: readonly ForkedTankReport[];
  readonly writes: readonly JournalWrite[];
}> {
  const { store, files } = ports;
  const source = { journal: store.journal, files };
  const tanks: ForkedTankReport[] = [];
  const writes: JournalWrite[] = [];
  const lost: string[] = [];
  for (const row of distinctlyNamed(await store.journal.tanks())) {
    const result = await forkTank(row, { ...ports, source });
    if (result.kind === "lost") {
      lost.push(`${row.name} (${row.tank_id}): ${result.reason}`);
      continue;
    }
    const { file, writes: rows } = result.made;
    await files.writeDurably(file.path, file.bytes);
    tanks.push(result.report);
    writes.push(...rows);
  }
  if (lost.length === 0) return { tanks, writes };
  for (const { tank_id } of tanks) await files.removeFolder(snapshotFolder(tank_id));
  throw new Problem(
    "data_directory_unusable",
    `it cannot be forked, since nothing can be copied of ${lost.join("; ")}. Restore them from a ` +
      "backup, or start it once without the others (--discovery none), remove them with " +
      "tankd tank rm, stop it, then fork it",
  );
}

async function metasKept({ store }: ForkPorts): Promise<readonly JournalWrite[]> {
  const values = await Promise.all(METAS_KEPT.map((name) => store.journal.meta(name)));
  return METAS_KEPT.flatMap((key, index): JournalWrite[] => {
    const value = values[index];
    return value === undefined ? [] : [{ put: "meta", key, value }];
  });
}
