import type { SimulatedNode } from "../cluster.ts";
import { type Fault, lasting, type Strike } from "./fault.ts";

/** A snapshot is taken within this time, and the one after it. */
const NOTICED_MS = 15_000;
/** Of which one has to be readable. */
const KEPT = 2;

/** Whether each tank could lose the next snapshot: those that it would come back from are there. */
async function isSpared(node: SimulatedNode): Promise<boolean> {
  const { journal } = node.store;
  for (const { tank_id } of await journal.tanks()) {
    const newest = (await journal.snapshots(tank_id)).slice(0, KEPT);
    const files = await Promise.all(newest.map(({ file }) => node.host.disk.read(file)));
    if (files.length < KEPT || files.includes(undefined)) return false;
  }
  return true;
}

/** The next snapshot is not where it should be, although its write has succeeded. */
async function strayOnce(
  strike: Strike,
  name: string,
  landing: (folder: string) => string | undefined,
): Promise<void> {
  const { cluster, node } = strike;
  const { disk } = node.host;
  if (disk.astray || !(await isSpared(node)) || disk.astray) return;
  cluster.world.record(`${name} at ${node.name}`);
  const astray = (path: string) => {
    disk.astray = undefined;
    return landing(path.slice(0, path.lastIndexOf("/")));
  };
  disk.astray = astray;
  lasting(strike, { name, nodes: [node], forMs: NOTICED_MS }, () => {
    if (disk.astray === astray) disk.astray = undefined;
  });
}

function stray(name: string, landing: (folder: string) => string | undefined): Fault {
  return {
    name,
    strike: (strike) => {
      strayOnce(strike, name, landing).catch((error: unknown) => strike.cluster.world.fail(error));
    },
  };
}

export const STRAY_WRITES: readonly Fault[] = [
  stray("stale_snapshot", () => undefined),
  stray("misdirected_snapshot", (folder) => `${folder}/0-1.snapshot`),
];
