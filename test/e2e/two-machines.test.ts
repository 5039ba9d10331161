import { describe, expect } from "bun:test";
import { type Server, serversSchema, statusSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import {
  connectRing,
  crashAndComeBack,
  fishArrive,
  fishLeave,
  startMachines,
} from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const QUIET = ["--no-auto-connect", "--profile", "development"];

/** What `tankd peers --json` prints, once it lists two servers that are both online. */
function bothListed(node: Node): Promise<readonly Server[]> {
  return until(`tankd peers on node ${node.number} lists both`, PROMPTLY_MS, async () => {
    const { servers } = await node.cliJson(serversSchema, "peers");
    return servers.length === 2 && servers.every(({ status }) => status === "online") && servers;
  });
}

describe("two machines on one network", () => {
  labTest(
    "find each other with nothing but --data-dir, and fish migrate",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 2);
      for (const node of nodes) {
        const servers = await bothListed(node);
        const ids = servers.map(({ node_id }) => node_id);
        expect(ids.sort()).toEqual(nodes.map(({ nodeId }) => nodeId).sort());
        expect(servers.find(({ is_local }) => is_local)?.node_id).toBe(node.nodeId);
      }
      await lab.agree();
      for (const node of nodes) await fishArrive(node);
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
      for (const node of nodes) expect(await node.stop()).toBe(0);
    },
  );

  labTest(
    "lose and double no fish when either is killed and comes back",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 2, QUIET);
      await lab.agree();
      await connectRing(nodes);
      for (const victim of nodes) {
        await fishLeave(victim, 5);
        await crashAndComeBack(
          victim,
          nodes.filter((node) => node !== victim),
          QUIET,
        );
        await lab.agree();
      }
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
    },
  );

  labTest("find each other by the URL of a hub, without multicast", TIMEOUT_MS, async (lab) => {
    const hub = await lab.machine();
    const worker = await lab.machine();
    hub.start(["--discovery", "none"]);
    await hub.ready();
    worker.start(["--discovery", "hub"], { DISCOVERY_SERVER_URL: hub.url });
    await worker.ready();
    expect(await lab.agree()).toBe(hub);
    const registered = (await hub.servers()).find(({ node_id }) => node_id === worker.nodeId);
    expect(registered?.host).toBe("10.77.0.2");
    await connectRing(lab.nodes);
    for (const node of lab.nodes) await fishArrive(node);
  });

  labTest("ignore each other when their clusters have different names", TIMEOUT_MS, async (lab) => {
    const [stranger] = await startMachines(lab, 1, ["--cluster", "reef"]);
    const pond = await startMachines(lab, 2, ["--cluster", "pond"]);
    // The two of the pond have found each other by the multicast that reaches the stranger too.
    await lab.agree(pond);
    expect((await stranger?.servers())?.map(({ node_id }) => node_id)).toEqual([
      stranger?.nodeId ?? "",
    ]);
  });

  labTest("a clean stop leaves the list and keeps the fish", TIMEOUT_MS, async (lab) => {
    const [left, right] = await startMachines(lab, 2, QUIET);
    if (left === undefined || right === undefined) throw new Error("two machines were asked for");
    await lab.agree();
    const { nodeId } = left;
    const [before] = await left.tanks();
    expect(await left.stop()).toBe(0);
    expect((await left.cli("status")).exitCode).toBe(3);
    await until("the other knows that it has left", PROMPTLY_MS, async () => {
      const gone = (await right.servers()).find(({ node_id }) => node_id === nodeId);
      return gone === undefined || gone.status === "offline";
    });
    expect(await lab.agree([right])).toBe(right);
    expect((await right.cliJson(statusSchema, "status")).role).toBe("hub");
    left.start(QUIET);
    await left.ready();
    await lab.agree();
    expect(left.nodeId).toBe(nodeId);
    const [after] = await left.tanks();
    expect(after?.tank.tick).toBeGreaterThanOrEqual(before?.tank.tick ?? Number.NaN);
    await expectWholeLedger([left, right]);
  });
});
