import { describe, expect } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import type { Server } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];
const GUEST = "tank-world-guest";
const LIKE_TANK_WORLD = join(import.meta.dir, "../support/like-tank-world.ts");

/** A machine with a server like Tank World's that was given this hub. */
async function startGuest(lab: Lab, hub: Node): Promise<void> {
  const machine = await lab.machine();
  const command = [process.execPath, LIKE_TANK_WORLD, GUEST, machine.address, "8000"];
  lab.run(machine, command, { DISCOVERY_SERVER_URL: hub.url });
}

/** Until a node lists the guest, once, with a heartbeat that it has not shown before. */
function expectGuest(node: Node, after = ""): Promise<Server> {
  return until(`node ${node.number} lists the guest with its heartbeat`, PROMPTLY_MS, async () => {
    const rows = (await node.servers()).filter(({ server_id }) => server_id === GUEST);
    expect(rows.length).toBeLessThanOrEqual(1);
    const [row] = rows;
    return row?.status === "online" && row.last_heartbeat > after && row;
  });
}

describe("a server like Tank World's, which registers once in its life", () => {
  labTest("is listed again after its hub was restarted", TIMEOUT_MS, async (lab) => {
    const [hub] = await startMachines(lab, 1, OPTIONS);
    if (hub === undefined) throw new Error("a machine was asked for");
    await startGuest(lab, hub);
    const before = await expectGuest(hub);
    expect(before).toMatchObject({ signed: false, node_id: null });
    await hub.crash();
    hub.start(OPTIONS);
    await hub.ready();
    await expectGuest(hub, before.last_heartbeat);
  });

  labTest("is listed again when the hub that it was given is a worker", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 2, OPTIONS);
    const first = await lab.agree();
    await startGuest(lab, first);
    const before = await expectGuest(first);
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
  });
});

describe("a node that is registered by hand", () => {
  labTest("at the hub or at a worker is one row, signed", TIMEOUT_MS, async (lab) => {
    const pair = await startMachines(lab, 2, OPTIONS);
    const hub = await lab.agree(pair);
    const worker = pair.find((node) => node !== hub);
    if (worker === undefined) throw new Error("both are hub");
    for (const registrar of [hub, worker]) {
      const alone = await lab.machine();
      alone.start([...OPTIONS, "--discovery", "none"]);
      await alone.ready();
      const record = await alone.get("/api/servers/local", z.looseObject({}));
      await registrar.change("POST", "/api/discovery/register", record);
      await lab.agree();
      for (const node of lab.nodes) {
        const rows = (await node.servers()).filter(({ node_id }) => node_id === alone.nodeId);
        expect(rows).toMatchObject([{ signed: true, status: "online", host: alone.address }]);
      }
    }
  });
});
