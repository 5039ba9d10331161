import type { Prng } from "../../src/platform/simulated/prng.ts";
import { ENGINE_VERSION, step } from "../../src/sim/index.ts";
import type { SnapshotRow, TankRow } from "../../src/store/rows.ts";
import { captureOf, worldOf } from "../../src/tanks/snapshots/captured-world.ts";
import { makeSnapshot } from "../../src/tanks/snapshots/snapshot-making.ts";
import { stateIn } from "../../src/tanks/snapshots/snapshots.ts";
import type { SimulatedNode } from "./cluster.ts";

/** What rot works on: one tank of a node that does not run. */
export interface Rotting {
  readonly node: SimulatedNode;
  readonly tank: TankRow;
  /** Newest first; at least two. */
  readonly snapshots: readonly SnapshotRow[];
  /** The newest snapshot of another tank of the node. */
  readonly other: SnapshotRow;
  readonly draws: Prng;
}

type Rot = (rotting: Rotting) => Promise<void>;

async function move(node: SimulatedNode, from: SnapshotRow, to: SnapshotRow): Promise<void> {
  const bytes = await node.host.disk.read(from.file);
  if (bytes) await node.host.disk.writeDurably(to.file, bytes);
}

function newestOf({ snapshots }: Rotting): readonly [SnapshotRow, SnapshotRow] {
  const [newest, before] = snapshots;
  if (!newest || !before) throw new Error("a tank has two snapshots");
  return [newest, before];
}

/** Ways in which a disk gives back something else than what was written. */
export const ROTS = {
  flipped: async (rotting) => {
    const [newest] = newestOf(rotting);
    rotting.node.host.disk.damage(newest.file, rotting.draws.integer(0, 1_000));
  },
  /** The newest snapshot was never written. */
  lost_write: async (rotting) => rotting.node.host.disk.remove(newestOf(rotting)[0].file),
  /** An old version is read in the place of the newest. */
  stale: async (rotting) => {
    const [newest, before] = newestOf(rotting);
    await move(rotting.node, before, newest);
  },
  /** The newest has been written to the place of the one before. */
  misdirected: async (rotting) => {
    const [newest, before] = newestOf(rotting);
    await move(rotting.node, newest, before);
    await rotting.node.host.disk.remove(newest.file);
  },
  /** That of another tank lies where the newest should be. */
  of_another_tank: async (rotting) => move(rotting.node, rotting.other, newestOf(rotting)[0]),
  all_snapshots: async ({ node, snapshots, draws }) => {
    for (const { file } of snapshots) node.host.disk.damage(file, draws.integer(0, 1_000));
  },
  /** The journal names older snapshots only. */
  stale_rows: async (rotting) => {
    const [{ tank_id, seq }] = newestOf(rotting);
    await rotting.node.store.journal.commit([{ remove: "snapshot", tank_id, seq }]);
  },
  /** The end of the log is an old version. */
  stale_log: async (rotting) => {
    const { node, tank } = rotting;
    const end = (await node.store.journal.watermark(tank.tank_id))?.seq ?? 0;
    node.store.journal.loseLog(tank.tank_id, Math.max(1, end - rotting.draws.integer(0, 3)));
  },
  /** Known servers are nonsense, or those of others. */
  registry: async ({ node }) => {
    const rows = await node.store.registry.load();
    const records = rows.map(({ record }) => record);
    for (const [at, { node_id }] of rows.entries()) {
      await node.store.registry.put(node_id, records[at + 1] ?? "{nonsense");
    }
  },
} as const satisfies Readonly<Record<string, Rot>>;

export type RotName = keyof typeof ROTS;

/**
 * Rot that no check can find: the state before, without the commands since, under the name and with
 * the sums of the newest. A simulator that does not see that the tank is another one is at fault.
 */
export const resealed: Rot = async (rotting) => {
  const { node, tank } = rotting;
  const [newest, before] = newestOf(rotting);
  const bytes = await node.host.disk.read(before.file);
  if (!bytes) throw new Error("the snapshot before is there");
  const state = stateIn(bytes, before);
  const world = worldOf(state);
  while (world.tick < newest.tick) step(world);
  const snapshot = makeSnapshot(tank, {
    state: captureOf(world, newest.seq, state.controls),
    engineVersion: ENGINE_VERSION,
    logEnd: { checksum: newest.log_checksum, bytes: newest.log_bytes },
    createdAtMs: newest.created_at,
  });
  await node.host.disk.writeDurably(newest.file, snapshot.bytes);
  await node.store.journal.commit([{ put: "snapshot", row: snapshot.row }]);
};
