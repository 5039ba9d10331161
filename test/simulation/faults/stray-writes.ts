import type { MemoryFiles } from "../../../src/platform/simulated/files.ts";
import { type Fault, lasting, type Strike } from "./fault.ts";

/** A snapshot is taken within this time, and the one after it. */
const NOTICED_MS = 15_000;
/** Intact ones in a row without which a tank may have no snapshot to come back from. */
const INTACT_BEFORE = 2;

/**
 * The next snapshot of a tank is not where it should be, although its write has succeeded. The two
 * before are, so that the tank recovers.
 */
function strayOnce(disk: MemoryFiles, landing: (folder: string) => string | undefined): void {
  const intact = new Map<string, number>();
  disk.astray = (path) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const before = intact.get(folder) ?? 0;
    intact.set(folder, before + 1);
    if (before < INTACT_BEFORE) return path;
    intact.set(folder, Number.NEGATIVE_INFINITY);
    return landing(folder);
  };
}

function stray(name: string, landing: (folder: string) => string | undefined): Fault {
  return {
    name,
    strike: (strike: Strike) => {
      const { cluster, node } = strike;
      if (node.host.disk.astray) return;
      cluster.world.record(`${name} at ${node.name}`);
      strayOnce(node.host.disk, landing);
      lasting(strike, { name, nodes: [node], forMs: NOTICED_MS }, () => {
        node.host.disk.astray = undefined;
      });
    },
  };
}

export const STRAY_WRITES: readonly Fault[] = [
  stray("stale_snapshot", () => undefined),
  stray("misdirected_snapshot", (folder) => `${folder}/0-1.snapshot`),
];
