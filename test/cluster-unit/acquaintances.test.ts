import { expect, test } from "bun:test";
import type { Meeting } from "../../src/cluster/handshake/handshake.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { Acquaintances } from "../../src/cluster/peers/acquaintances.ts";
import { Lab } from "../support/simulated/lab.ts";

async function meetingWith(nodeId: string): Promise<Meeting> {
  const lab = new Lab(1);
  const node = lab.add("a", {}, identityFromSeed(new Uint8Array(32).fill(1)));
  node.start();
  await lab.run(10);
  return {
    document: {
      protocol: 1,
      cluster: "tankd",
      node_id: nodeId,
      boot_id: "b",
      standing: {
        role: "hub",
        term: { counter: 1, node_id: nodeId },
        hub: null,
        priority: 100,
        may_claim: true,
      },
      record: node.cluster.self(),
      addresses: [{ host: "10.0.0.2", port: 8000 }],
      tanks: [],
      heartbeat_interval: 10,
    },
    publicKey: "k",
    address: { host: "10.0.0.1", port: 8000 },
    rttMs: 8,
    defersToUs: false,
    weDefer: false,
    canDialUs: true,
  };
}

test("a rival hub is remembered until it has kept silent for a while", async () => {
  const acquaintances = new Acquaintances();
  const meeting = await meetingWith("h");
  acquaintances.note(meeting);
  const hubs = () => acquaintances.hubs([]).map(({ node_id }) => node_id);
  expect(hubs()).toEqual(["h"]);
  expect(acquaintances.hubs(["h"])).toEqual([]);
  for (let count = 0; count < 4; count++) acquaintances.strike("h");
  acquaintances.note(meeting);
  for (let count = 0; count < 4; count++) acquaintances.strike("h");
  expect(hubs()).toEqual(["h"]);
  acquaintances.strike("h");
  expect(hubs()).toEqual([]);
});

test("the round trip is the least of the latest, and the address that answered comes first", async () => {
  const acquaintances = new Acquaintances();
  acquaintances.note(await meetingWith("h"));
  acquaintances.noteRtt("h", 40.6);
  acquaintances.noteRtt("h", 1.234);
  acquaintances.noteRtt("h", 16);
  expect(acquaintances.rttMs("h")).toBe(1.2);
  // A longer way is noticed once the shorter one was not seen for a while.
  for (let count = 0; count < 16; count++) acquaintances.noteRtt("h", 16);
  expect(acquaintances.rttMs("h")).toBe(16);
  expect(acquaintances.rttMs("nobody")).toBeUndefined();
  expect(acquaintances.addressesOf("h").map(({ host }) => host)).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(acquaintances.addressesOf("nobody")).toEqual([]);
});

test("a hub shows the round trip that its worker measures", async () => {
  const lab = new Lab(2);
  const nodes = lab.addMany(2);
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  const hub = lab.hubOf(nodes);
  const worker = nodes.find((node) => node !== hub);
  // Slow while they met, as on machines that are busy starting; then as it is.
  await lab.run(10_000);
  lab.world.network.faults.delayMinMs = 30;
  lab.world.network.faults.delayMaxMs = 30;
  await lab.run(20_000);
  expect(hub.cluster.server(worker?.identity.nodeId ?? "")?.rtt_ms).toBe(60);
  expect(worker?.cluster.server(hub.identity.nodeId)?.rtt_ms).toBe(60);
});
