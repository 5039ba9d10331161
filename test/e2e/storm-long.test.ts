import { expect } from "bun:test";
import { residentMegabytes } from "../../bench/proc.ts";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { faultsSeed } from "../faults/kill/lanes.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { Faults, STORM_OPTIONS } from "./faults.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import { startMachines } from "./scenarios.ts";

/**
 * `STORM_NODES`, `STORM_MINUTES` and `FAULTS_SEED` make it smaller, or repeat what a run has drawn.
 */
const NODES = Number(process.env["STORM_NODES"] ?? "24");
const STORM_MINUTES = Number(process.env["STORM_MINUTES"] ?? "10");
/** Bound on failure for a network that is whole again. */
const CALM_MS = 120_000;
const TIMEOUT_MS = (STORM_MINUTES + 10) * 60_000;
/** What a node that lives through all of it may have grown by: caches, the collector's slack. */
const GROWTH_MB_MAX = 64;

/** Resident megabytes of each process, by its id: a node that was restarted is another one. */
function weigh(nodes: readonly Node[]): ReadonlyMap<number, number> {
  return new Map(nodes.map(({ process: { pid } }) => [pid, residentMegabytes(pid)]));
}

/** One hub, everybody online, and nobody listed twice, not even offline. */
async function expectCalm(lab: Lab): Promise<Node> {
  const hub = await lab.agree(lab.nodes, CALM_MS);
  for (const node of lab.nodes) {
    const ids = (await node.servers()).map(({ node_id }) => node_id);
    expect(ids.toSorted()).toEqual(lab.nodes.map(({ nodeId }) => nodeId).sort());
  }
  return hub;
}

labTest(
  `${NODES} machines in ${STORM_MINUTES} minutes of faults are one cluster whenever it is calm`,
  TIMEOUT_MS,
  async (lab) => {
    const faults = new Faults(lab, new Prng(faultsSeed(), "storm"));
    const nodes = await startMachines(lab, NODES, STORM_OPTIONS);
    let hub = await expectCalm(lab);
    const before = weigh(nodes);
    const end = performance.now() + STORM_MINUTES * 60_000;
    while (performance.now() < end) {
      process.stderr.write(`${await faults.strike(hub)}\n`);
      hub = await expectCalm(lab);
    }
    const after = weigh(nodes);
    for (const [pid, megabytes] of after) {
      const grown = megabytes - (before.get(pid) ?? megabytes);
      expect(grown).toBeLessThan(GROWTH_MB_MAX);
    }
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
  },
);
