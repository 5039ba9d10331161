import { expect } from "bun:test";
import { auditSchema } from "../../src/audit/audit.ts";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { faultsSeed } from "../faults/kill/lanes.ts";
import { MountedDisk, whyNoMounts } from "../faults/mounted.ts";
import { whyNoCables } from "../support/cable.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import { BAD_LINK, RING_OPTIONS, RingFaults } from "./ring-faults.ts";
import { connectRing } from "./scenarios.ts";

/** `RING_MINUTES` and `FAULTS_SEED` make it shorter, or repeat what a run has drawn. */
const MINUTES = Number(process.env["RING_MINUTES"] ?? "10");
const NODES = 5;
/** Bound on failure for a network that is whole again, over links that stay bad. */
const CALM_MS = 180_000;
const TIMEOUT_MS = (MINUTES + 12) * 60_000;
/** Room for the database with its log, snapshots, and a filler that is large enough to matter. */
const DISK_KB = 64 * 1024;

async function startOnDisks(lab: Lab, disks: readonly MountedDisk[]): Promise<readonly Node[]> {
  const nodes: Node[] = [];
  for (const disk of disks) {
    const node = await lab.machineOn(disk);
    await lab.links.setQuality(node.number, BAD_LINK);
    node.start(RING_OPTIONS);
    nodes.push(node);
  }
  for (const node of nodes) await node.ready();
  return nodes;
}

/** The whole cluster, as a node's own command tells. */
async function expectWholeAudit(node: Node): Promise<void> {
  const { exitCode, stdout, stderr } = await node.cli("audit", "--json");
  const audit = auditSchema.parse(JSON.parse(stdout));
  expect({ stderr, ...audit }).toMatchObject({
    stderr: "",
    ok: true,
    complete: true,
    missing: [],
    double: [],
    nodes: NODES,
    in_escrow: 0,
  });
  expect(exitCode).toBe(0);
}

labTest(
  `fish swim in a ring of ${NODES} machines through ${MINUTES} minutes of faults, and none is lost`,
  TIMEOUT_MS,
  async (lab) => {
    await using disks = new AsyncDisposableStack();
    const opened: MountedDisk[] = [];
    for (let number = 0; number < NODES; number++) {
      opened.push(disks.use(await MountedDisk.open(DISK_KB)));
    }
    const nodes = await startOnDisks(lab, opened);
    await lab.agree(nodes, CALM_MS);
    await connectRing(nodes);
    const faults = new RingFaults(lab, opened, new Prng(faultsSeed(), "ring"));
    const end = performance.now() + MINUTES * 60_000;
    while (performance.now() < end) {
      process.stderr.write(`${await faults.strike()}\n`);
    }
    for (const node of nodes) await node.ready();
    await lab.agree(nodes, CALM_MS);
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
    await until("the audit is whole", CALM_MS, async () => {
      for (const node of nodes) await expectWholeAudit(node);
      return true;
    });
    process.stderr.write(`${await faults.report(nodes)}\n`);
  },
  { without: whyNoCables() ?? (await whyNoMounts()) },
);
