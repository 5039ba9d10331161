import { describe, expect } from "bun:test";
import type { Transfer } from "../support/api.ts";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { timeToFirstFish } from "./first-fish.ts";
import { closeConnections, expectWholeLedger, OPEN_STATES, SETTLE_MS } from "./ledger.ts";

const TIMEOUT_MS = 180_000;

describe("from a start to the first fish", () => {
  labTest("two laptops on one Wi-Fi", TIMEOUT_MS, async (lab) => {
    const [first, second] = await lab.machines(2);
    if (!first || !second) throw new Error("two machines were asked for");
    first.start();
    await first.ready();
    await lab.agree([first]);
    await timeToFirstFish("two laptops", second, []);
    await lab.agree();
  });

  labTest("a hub and workers by its URL", TIMEOUT_MS, async (lab) => {
    const [hub, worker] = await lab.machines(2);
    if (!hub || !worker) throw new Error("two machines were asked for");
    hub.start(["--discovery", "none"], { TANK_SERVER_ID: "hub-server" });
    await hub.ready();
    await lab.agree([hub]);
    await timeToFirstFish("hub by URL", worker, ["--discovery", "hub", "--hub", hub.url]);
    expect(await lab.agree()).toBe(hub);
  });

  labTest("services that know each other by name, as in Compose", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(3);
    const [hub, ...workers] = nodes;
    if (!hub) throw new Error("three machines were asked for");
    const names = Object.fromEntries([
      ["hub", [hub.number]],
      ...workers.map(({ number }, index) => [`worker-${index + 1}`, [number]]),
    ]);
    for (const { number } of nodes) lab.network.setHosts(number, names);
    // All of them at once, as `docker compose up` does: the hub may be the last to listen.
    for (const [index, worker] of workers.entries()) {
      worker.start(["--discovery", "http://hub:8000"], { TANK_SERVER_ID: `worker-${index + 1}` });
    }
    await timeToFirstFish("names", hub, ["--discovery", "none"]);
    expect(await lab.agree()).toBe(hub);
  });

  labTest("several sites that join one of them by Serf", TIMEOUT_MS, async (lab) => {
    const [primary, ...sites] = await lab.machines(3);
    if (!primary) throw new Error("three machines were asked for");
    const bySerf = ["--discovery", "serf"];
    primary.start(bySerf);
    await primary.ready();
    await lab.agree([primary]);
    const [remote, last] = sites;
    if (!remote || !last) throw new Error("three machines were asked for");
    // Each is told of one address alone, and the last one of a site that has joined itself.
    remote.start(bySerf, { SERF_JOIN: `${primary.address}:7946` });
    await remote.ready();
    await lab.agree([primary, remote]);
    const environment = { SERF_JOIN: `${remote.address}:7946` };
    await timeToFirstFish("several sites by Serf", last, bySerf, environment);
    await lab.agree();
  });

  labTest(
    "a laptop that goes to another network while its fish are away, and others on the way to it",
    TIMEOUT_MS,
    async (lab) => {
      const [hub, desk, laptop] = await lab.machines(3);
      if (!hub || !desk || !laptop) throw new Error("three machines were asked for");
      await lab.network.addSecondNetwork(hub.number);
      hub.start(["--discovery", "none"]);
      await hub.ready();
      for (const node of [desk, laptop]) node.start(["--hub", hub.url]);
      for (const node of [desk, laptop]) await node.ready();
      expect(await lab.agree()).toBe(hub);
      for (const other of [hub, desk]) {
        await connect(other, laptop);
        await connect(laptop, other);
      }
      await until("fish travel", PROMPTLY_MS, async () => (await travelled(laptop)) > 4);

      await lab.network.silence(laptop.number);
      await until("fish are caught on both ways with both others", PROMPTLY_MS, async () => {
        const ofLaptop = await openTransfers(laptop);
        return (
          [hub, desk].every(({ nodeId }) => ofLaptop.some((one) => isFor(one, nodeId))) &&
          (await openTransfers(hub)).some((one) => isFor(one, laptop.nodeId)) &&
          (await openTransfers(desk)).some((one) => isFor(one, laptop.nodeId))
        );
      });
      const before = await travelled(laptop);
      const caught = (await Promise.all([hub, desk, laptop].map(openTransfers))).flat();
      const sinceMs = performance.now();
      await lab.moveToSecond(laptop);
      await until("fish travel from and to the other network", SETTLE_MS, async () => {
        return (await travelled(laptop)) > before;
      });
      const seconds = (performance.now() - sinceMs) / 1_000;
      process.stderr.write(`a move: first fish after ${seconds.toFixed(1)} s\n`);
      expect(await lab.agree()).toBe(hub);
      await until("all that were caught have arrived or are back", SETTLE_MS, async () => {
        const open = (await Promise.all([hub, desk, laptop].map(openTransfers))).flat();
        return !open.some((one) => caught.some((old) => old.transfer_id === one.transfer_id));
      });
      const settled = (performance.now() - sinceMs) / 1_000;
      process.stderr.write(`a move: ${caught.length} caught settled ${settled.toFixed(1)} s\n`);
      expect(laptop.address).toStartWith("10.79.");
      await closeConnections([hub, desk, laptop]);
      await expectWholeLedger([hub, desk, laptop]);
    },
  );
});

/** At each draw a fish goes from one node to the other. */
async function connect(from: Node, to: Node): Promise<void> {
  await from.change("POST", "/api/connections", {
    source_tank_id: await from.tankId(),
    destination_tank_id: await to.tankId(),
    probability: 100,
  });
}

async function openTransfers(node: Node): Promise<readonly Transfer[]> {
  return (await node.transfers()).filter(({ state }) => OPEN_STATES.has(state));
}

function isFor({ destination_node_id }: Transfer, nodeId: string): boolean {
  return destination_node_id === nodeId;
}

/** How many fish have gone from a node or come to it. */
async function travelled(node: Node): Promise<number> {
  const done = ["delivered", "accepted"];
  return (await node.transfers()).filter(({ state }) => done.includes(state)).length;
}
