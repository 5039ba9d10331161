import { describe } from "bun:test";
import { must, until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { BALANCERS, balance, whyNoBalancer } from "./balancers.ts";
import { startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;

/** From now on the machine can open connections to this one address alone. */
async function onlyDials(lab: Lab, node: Node, to: Node): Promise<void> {
  const inside = ["ip", "netns", "exec", lab.network.nameOf(node.number), "nft"];
  await must(...inside, "add table inet wall");
  const chain = "add chain inet wall out { type filter hook output priority 0 ; policy drop ; }";
  await must(...inside, chain);
  for (const rule of ["oif lo accept", "ct state established accept"]) {
    await must(...inside, `add rule inet wall out ${rule}`);
  }
  await must(...inside, `add rule inet wall out ip daddr ${to.address} accept`);
}

/** Until fish of `node` have arrived at each of `there`. */
async function fishReach(node: Node, there: readonly Node[]): Promise<void> {
  await until(`fish of node ${node.number} reach all`, PROMPTLY_MS, async () => {
    const delivered = (await node.transfers()).filter(({ state }) => state === "delivered");
    const reached = new Set(delivered.map((one) => one.destination_node_id));
    return there.every(({ nodeId }) => reached.has(nodeId));
  });
}

for (const balancer of BALANCERS) {
  const missing = whyNoBalancer(balancer);
  describe(`a worker whose hub's URL is that of ${balancer}`, () => {
    for (const keepsHost of [true, false]) {
      labTest(
        `takes part fully, ${keepsHost ? "with" : "without"} the Host it has asked for`,
        TIMEOUT_MS,
        async (lab) => {
          const pool = await startMachines(lab, 3, ["--no-auto-connect"]);
          await lab.agree(pool);
          const front = await lab.machine();
          const remove = balance(lab, front, { balancer, pool, keepsHost });
          try {
            const worker = await lab.machine();
            await onlyDials(lab, worker, front);
            worker.start(["--discovery", "hub", "--hub", front.url, "--no-auto-connect"]);
            await worker.ready();
            await lab.agree([...pool, worker]);
            for (const node of pool) {
              await worker.change("POST", "/api/connections", {
                source_tank_id: await worker.tankId(),
                destination_tank_id: await node.tankId(),
                probability: 100,
              });
            }
            await fishReach(worker, pool);
            // Through heartbeats and pings by turns of the pool it stays what it is.
            await Bun.sleep(5_000);
            await lab.agree([...pool, worker]);
          } finally {
            remove();
          }
        },
        { without: missing },
      );
    }
  });
}
