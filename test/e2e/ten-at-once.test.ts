import { expect } from "bun:test";
import { flawOf } from "../support/agreement.ts";
import { labTest } from "../support/lab-test.ts";
import { neverTwoHubs, startMachines, WATCH_MS } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;
const NODES = 10;

labTest("ten machines switched on at once list each other exactly", TIMEOUT_MS, async (lab) => {
  const nodes = await startMachines(lab, NODES);
  const hub = await lab.agree();
  await neverTwoHubs(nodes, Bun.sleep(WATCH_MS));
  expect(await lab.agree()).toBe(hub);
  const ids = nodes.map(({ nodeId }) => nodeId);
  for (const node of nodes) {
    const servers = await node.servers();
    expect(flawOf(servers, ids)).toBeUndefined();
    // Nobody else either, not even offline.
    expect(servers).toHaveLength(NODES);
  }
});
