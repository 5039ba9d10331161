import { expect } from "bun:test";
import { join } from "node:path";
import type { Server } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { startMachines } from "./scenarios.ts";

/** A server of another program, on a machine of its own, that was given a hub's URL. */
export type StartGuest = (lab: Lab, hub: Node) => Promise<void>;

/** The `server_id` of every guest. */
export const GUEST = "tank-world-guest";
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];
const LIKE_TANK_WORLD = join(import.meta.dir, "../support/like-tank-world.ts");

/** What behaves as Tank World's server does; see there. */
export const startLikeTankWorld: StartGuest = async (lab, hub) => {
  const machine = await lab.machine();
  const command = [process.execPath, LIKE_TANK_WORLD, GUEST, machine.address, "8000"];
  lab.run(machine, command, { DISCOVERY_SERVER_URL: hub.url });
};

/** Bound on failure: Tank World's own server takes long to begin. */
const GUEST_START_MS = 120_000;

/** Until a node lists the guest, once, with a heartbeat later than `after`. */
function expectGuest(node: Node, after = "", deadlineMs = PROMPTLY_MS): Promise<Server> {
  return until(`node ${node.number} lists the guest with its heartbeat`, deadlineMs, async () => {
    const [row, ...more] = (await node.servers()).filter(({ server_id }) => server_id === GUEST);
    if (more.length > 0) throw new Error(`it lists ${more.length + 1} of them`);
    return row?.status === "online" && row.last_heartbeat > after && row;
  });
}

/** The hub comes back as the hub that it was. */
export async function expectListedAfterRestart(lab: Lab, startGuest: StartGuest): Promise<void> {
  const [hub] = await startMachines(lab, 1, OPTIONS);
  if (hub === undefined) throw new Error("a machine was asked for");
  await startGuest(lab, hub);
  const before = await expectGuest(hub, "", GUEST_START_MS);
  expect(before).toMatchObject({ signed: false, node_id: null });
  await hub.crash();
  hub.start(OPTIONS);
  await hub.ready();
  await expectGuest(hub, before.last_heartbeat);
}

/** The hub that the guest was given comes back as a worker of the one that took over. */
export async function expectListedAfterTakeover(lab: Lab, startGuest: StartGuest): Promise<void> {
  const nodes = await startMachines(lab, 2, OPTIONS);
  const first = await lab.agree();
  await startGuest(lab, first);
  const before = await expectGuest(first, "", GUEST_START_MS);
  const second = nodes.find((node) => node !== first);
  if (second === undefined) throw new Error("both are hub");
  await first.crash();
  await lab.agree([second]);
  first.start(OPTIONS);
  await first.ready();
  expect(await lab.agree(nodes)).toBe(second);
  for (const node of nodes) await expectGuest(node, before.last_heartbeat);
  // Members are exactly the two, whatever else is listed.
  expect(await lab.agree(nodes)).toBe(second);
}
