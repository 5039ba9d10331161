import { describe, expect } from "bun:test";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { neverTwoHubs, startAbove, startMachines, WATCH_MS, watched } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--profile", "development", "--no-auto-connect", "--tanks", "0"];

/** Until each of `nodes` lists `node` under its present address. */
async function expectAddress(nodes: readonly Node[], node: Node): Promise<void> {
  for (const one of nodes) {
    await until(`node ${one.number} lists ${node.address}`, PROMPTLY_MS, async () => {
      const rows = (await one.servers()).filter(({ node_id }) => node_id === node.nodeId);
      return rows.length === 1 && rows[0]?.host === node.address;
    });
  }
}

describe("a network that changes", () => {
  labTest("a hub whose address changes stays the only hub", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    const hub = await lab.agree();
    await lab.changeAddress(hub, 101);
    await neverTwoHubs(nodes, Promise.all([expectAddress(nodes, hub), Bun.sleep(WATCH_MS)]));
    expect(await lab.agree()).toBe(hub);
  });

  labTest("a worker whose address changes is listed at the new one", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    const hub = await lab.agree();
    const worker = nodes.find((node) => node !== hub);
    if (worker === undefined) throw new Error("all three are hub");
    await lab.changeAddress(worker, 102);
    await neverTwoHubs(nodes, expectAddress(nodes, worker));
    expect(await lab.agree()).toBe(hub);
  });

  labTest("a network card that is replaced at once is heard again", TIMEOUT_MS, async (lab) => {
    const [first] = await startMachines(lab, 1, OPTIONS);
    if (first === undefined) throw new Error("a machine was asked for");
    await lab.agree();
    await lab.replaceCard(first);
    const second = await lab.machine();
    second.start(OPTIONS);
    await second.ready();
    await lab.agree([first, second]);
  });
});

labTest(
  "on a network without IPv4 two machines find each other",
  TIMEOUT_MS,
  async (lab) => {
    const nodes = await startMachines(lab, 2, OPTIONS);
    await lab.agree();
    for (const node of nodes) await expectAddress(nodes, node);
  },
  { family: 6 },
);

labTest(
  "on a network with link-local addresses only all machines become one cluster",
  TIMEOUT_MS,
  async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    const hub = await lab.agree();
    for (const node of nodes) await expectAddress(nodes, node);
    const [worker, other] = nodes.filter((node) => node !== hub);
    if (worker === undefined || other === undefined) throw new Error("all three are hub");
    const registration = JSON.stringify({ server_id: "guest", host: "fe80::77:200", port: 8000 });
    const forwarded = await worker.post("/api/discovery/register", registration, {});
    expect([forwarded.status, await forwarded.text()]).toEqual([200, expect.anything()]);

    const guest = await lab.machine();
    const zone = lab.network.cardOf(guest.number);
    guest.start([...OPTIONS, "--discovery", "none"]);
    await guest.ready();
    for (const spelling of [`%${zone}`, `%25${zone}`, ""]) {
      const url = hub.url.replace("]", `${spelling}]`);
      expect(await guest.cli("join", url)).toMatchObject({ exitCode: 0, stderr: "" });
    }
    await lab.agree();

    await hub.crash();
    const survivors = lab.nodes.filter((node) => node !== hub);
    await lab.agree(survivors);
  },
  { family: "link-local" },
);

labTest(
  "on a network with link-local addresses only a tank is watched through another machine",
  TIMEOUT_MS,
  async (lab) => {
    const nodes = await startMachines(lab, 2, ["--profile", "development"]);
    await lab.agree();
    const [one, other] = nodes;
    if (one === undefined || other === undefined) throw new Error("two were asked for");
    await watched(one, one, await other.tankId());
    await watched(other, other, await one.tankId());
  },
  { family: "link-local" },
);

labTest("nobody follows a node that cannot be dialled", TIMEOUT_MS, async (lab) => {
  const [hub, worker] = await lab.machines(2);
  if (hub === undefined || worker === undefined) throw new Error("two machines were asked for");
  hub.start(OPTIONS);
  await hub.ready();
  await lab.agree([hub]);
  worker.start(OPTIONS);
  await worker.ready();
  const natted = await lab.machineBehindRouter();
  await startAbove(natted, worker, [...OPTIONS, "--discovery", "hub", "--hub", hub.url]);
  expect(await lab.agree()).toBe(hub);
  const survivors = [worker, natted];
  await hub.crash();
  const watched = Promise.all([lab.agree(survivors), Bun.sleep(WATCH_MS)]);
  await neverTwoHubs(survivors, watched);
  expect(await lab.agree(survivors)).toBe(worker);
});
