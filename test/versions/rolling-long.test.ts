/**
 * A cluster of the build before is upgraded node by node while fish travel, and every mixture of
 * the two is audited.
 */
import { expect } from "bun:test";
import { closeConnections, expectWholeLedger } from "../e2e/ledger.ts";
import { connectRing, crashAndComeBack, fishLeave } from "../e2e/scenarios.ts";
import { earlierBuild } from "../support/earlier-build.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { TANKD } from "../support/tankd.ts";

const EARLIER = earlierBuild("e0e6890");
const TIMEOUT_MS = 300_000;
const NODES = 3;
const OPTIONS = ["--no-auto-connect", "--profile", "development"];
/** Fish that leave each node between two upgrades. */
const FISH = 4;

/** Fine once every node can be asked; until then incomplete for just those that cannot. */
async function expectAudited(nodes: readonly Node[]): Promise<void> {
  const old = nodes.filter(({ binary }) => binary === EARLIER).map(({ nodeId }) => nodeId);
  for (const node of nodes.filter(({ binary }) => binary === TANKD)) {
    const { exitCode, stdout } = await node.cli("audit", "--json");
    const { missing, double, unreachable } = JSON.parse(stdout);
    const silent = unreachable.map(({ node_id }: { node_id: string }) => node_id);
    expect({ missing, double, silent: silent.sort() }).toEqual({
      missing: [],
      double: [],
      silent: old.toSorted(),
    });
    expect(exitCode).toBe(old.length === 0 ? 0 : 1);
  }
}

async function upgrade(node: Node, others: readonly Node[]): Promise<void> {
  expect(await node.stop()).toBe(0);
  node.binary = TANKD;
  node.start(OPTIONS);
  await node.ready();
  // A kill soon after, as a program that was just replaced may need.
  await crashAndComeBack(node, others, OPTIONS);
}

labTest(
  "nodes are upgraded one by one under load, and no fish is lost",
  TIMEOUT_MS,
  async (lab) => {
    const nodes = await lab.machines(NODES);
    for (const node of nodes) {
      node.binary = EARLIER;
      node.start(OPTIONS);
      await node.ready();
    }
    await lab.agree();
    await connectRing(nodes);
    let left = 0;
    for (const node of nodes) {
      left += FISH;
      for (const one of nodes) await fishLeave(one, left);
      await upgrade(
        node,
        nodes.filter((one) => one !== node),
      );
      await lab.agree();
      await expectAudited(nodes);
    }
    for (const one of nodes) await fishLeave(one, left + FISH);
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
    await expectAudited(nodes);
  },
);
