import { expect, test } from "bun:test";
import type { Announcement, Nomination } from "../../../src/discovery/backend.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { Ether } from "./ether.ts";

function announcement(host: SimulatedHost): Announcement {
  return {
    nodeId: host.name,
    cluster: "tankd",
    version: "0",
    role: "discovering",
    priority: 100,
    bootId: "1",
    addresses: host.addresses.map((one) => ({ host: one, port: 8000 })),
  };
}

/** A station on the host; what it hears, as "who at where, as what". */
function station(ether: Ether, host: SimulatedHost) {
  const heard: string[] = [];
  const backend = ether.backend(host.boot());
  const nominate = ({ nodeId, addresses, role, source }: Nomination) => {
    heard.push(`${nodeId} at ${addresses.map((one) => one.host)} as ${role}, from ${source}`);
  };
  void backend.start(announcement(host), nominate);
  return { backend, heard };
}

test("each subnet hears the addresses of that subnet, and only who is on it hears", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const ether = new Ether(world);
  const both = world.addHost({
    name: "both",
    interfaces: [
      { name: "eth0", subnet: "left", addresses: ["10.1.0.1"] },
      { name: "eth1", subnet: "right", addresses: ["10.2.0.1"] },
    ],
  });
  const [left, right] = ["left", "right"].map((subnet, index) =>
    station(ether, world.addHost({ name: subnet, subnet, address: `10.${index + 1}.0.2` })),
  );
  station(ether, both);
  await world.run(1_000);
  expect(left?.heard).toEqual(["both at 10.1.0.1 as discovering, from 10.1.0.1"]);
  expect(right?.heard).toEqual(["both at 10.2.0.1 as discovering, from 10.2.0.1"]);
});

test("changes and questions are heard, but not past a partition or a dead interface", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const ether = new Ether(world);
  const [a, b] = [world.addHost({ name: "a" }), world.addHost({ name: "b" })];
  const [first, second] = [station(ether, a), station(ether, b)];
  await world.run(1_000);
  first.heard.splice(0);
  second.backend.update({ ...announcement(b), role: "hub" });
  await world.run(2_000);
  expect(first.heard.splice(0)).toEqual(["b at 10.0.0.2 as hub, from 10.0.0.2"]);
  first.backend.refresh();
  await world.run(3_000);
  expect(first.heard.splice(0)).toHaveLength(1);
  world.network.partition([a], [b]);
  first.backend.refresh();
  await world.run(4_000);
  world.network.heal();
  a.interface().takeDown();
  first.backend.refresh();
  await world.run(5_000);
  expect(first.heard).toEqual([]);
});
