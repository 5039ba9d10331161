import { describe, expect, test } from "bun:test";
import { MdnsBackend } from "../../../src/adapters/mdns/backend.ts";
import type { SocketEvents, SocketPlace } from "../../../src/adapters/mdns/socket.ts";
import type { Announcement } from "../../../src/discovery/backend.ts";
import { chooseInterfaces } from "../../../src/platform/interface-choice.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

interface FakeSocket {
  readonly place: SocketPlace;
  readonly events: SocketEvents;
  sent: number;
  closed: boolean;
}

function setUp(addresses: InterfaceAddress[], interfaces: readonly string[] = []) {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "a" });
  const process = host.boot();
  const sockets: FakeSocket[] = [];
  /** Why sending fails at present. */
  const network: { failure: Error | undefined } = { failure: undefined };
  const warnings: unknown[] = [];
  const backend = new MdnsBackend({
    ...process,
    machine: chooseInterfaces({ ...process.machine, addresses: () => [...addresses] }, interfaces),
    log: { ...silentLog, warn: (_, fields) => warnings.push(fields) },
    openSocket: (place, events) => {
      const socket: FakeSocket = { place, events, sent: 0, closed: false };
      sockets.push(socket);
      return {
        send: async () => {
          socket.sent++;
          if (network.failure) events.onFailure(network.failure);
        },
        close: () => {
          socket.closed = true;
        },
      };
    },
  });
  const announcement: Announcement = {
    nodeId: "a",
    cluster: "tankd",
    version: "0",
    role: "discovering",
    priority: 1,
    bootId: "b",
    addresses: [{ host: "10.0.0.1", port: 8000 }],
  };
  const open = () => sockets.filter(({ closed }) => !closed);
  return { world, host, backend, sockets, open, network, warnings, announcement };
}

function eth0(address = "10.0.0.1", interfaceIndex = 2): InterfaceAddress {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { interfaceName: "eth0", address, family, internal: false, interfaceIndex };
}

describe("mDNS follows the network", () => {
  test("and names what was chosen of it and is not there", async () => {
    const { backend, announcement } = setUp([eth0()], ["nope0"]);
    await backend.start(announcement, () => {});
    expect([backend.describe(), backend.isWorking()]).toEqual([
      "no interface matches nope0",
      false,
    ]);
    const other = setUp([eth0()], ["eth*", "nope0"]);
    await other.backend.start(announcement, () => {});
    expect(other.backend.describe()).toBe("on eth0 (IPv4); no interface matches nope0");
    expect(other.backend.isWorking()).toBe(true);
    await Promise.all([backend.stop(), other.backend.stop()]);
  });

  test("with a socket for each protocol of each interface", async () => {
    const addresses = [eth0(), eth0("fe80::1"), { ...eth0("10.1.0.1", 3), interfaceName: "eth1" }];
    const { world, backend, open, announcement } = setUp(addresses);
    await backend.start(announcement, () => {});
    const places = () => open().map(({ place }) => [place.interfaceName, place.family, place.ipv4]);
    expect(places()).toEqual([
      ["eth0", "IPv4", "10.0.0.1"],
      ["eth0", "IPv6", "10.0.0.1"],
      ["eth1", "IPv4", "10.1.0.1"],
    ]);
    expect(backend.describe()).toBe("on eth0 (IPv4, IPv6), eth1 (IPv4)");
    addresses.pop();
    await world.run(2_000);
    expect(places()).toHaveLength(2);
    addresses.length = 0;
    await world.run(4_000);
    expect(backend.describe()).toBe("waits for a network");
    expect(backend.isWorking()).toBe(false);
    addresses.push(eth0());
    await world.run(6_000);
    expect(places()).toEqual([["eth0", "IPv4", "10.0.0.1"]]);
    await backend.stop();
    expect(open()).toEqual([]);
  });

  test("opens new sockets for a re-created card, a new address or after a suspension", async () => {
    const addresses = [eth0()];
    const { world, host, backend, sockets, announcement } = setUp(addresses);
    await backend.start(announcement, () => {});
    await world.run(5_000);
    expect(sockets).toHaveLength(1);
    addresses[0] = eth0("10.0.0.1", 7);
    await world.run(7_000);
    expect(sockets).toHaveLength(2);
    addresses[0] = eth0("10.0.0.9", 7);
    await world.run(9_000);
    expect(sockets).toHaveLength(3);
    host.wallOffsetMs += 3_600_000;
    await world.run(11_000);
    expect(sockets).toHaveLength(4);
    // Set back by its owner: no reason to begin anew.
    host.wallOffsetMs -= 3_600_000;
    await world.run(20_000);
    expect(sockets).toHaveLength(4);
    expect(sockets.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  test("does not claim to work while nothing can be sent, and tries again", async () => {
    const { world, backend, sockets, network, warnings, announcement } = setUp([eth0()]);
    network.failure = new Error("send ENETUNREACH");
    await backend.start(announcement, () => {});
    await world.run(20_000);
    expect(backend.isWorking()).toBe(false);
    expect(backend.describe()).toBe("cannot use eth0 by IPv4: send ENETUNREACH");
    expect(warnings).toEqual([{ interface: "eth0", family: "IPv4", reason: "send ENETUNREACH" }]);
    expect(sockets.length).toBeWithin(3, 8);
    network.failure = undefined;
    await world.run(40_000);
    expect(backend.isWorking()).toBe(true);
    expect(backend.describe()).toBe("on eth0 (IPv4)");
  });
});
