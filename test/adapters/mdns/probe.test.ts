import { describe, expect, test } from "bun:test";
import { writeQuery, writeResponse } from "../../../src/adapters/mdns/message.ts";
import { type LinkProbe, probeMulticast } from "../../../src/adapters/mdns/probe.ts";
import { TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import type { SocketEvents } from "../../../src/adapters/mdns/socket.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { others } from "./station-support.ts";

const V4: InterfaceAddress = {
  interfaceName: "eth0",
  address: "10.0.0.1",
  family: "IPv4",
  internal: false,
  prefixLength: 24,
};
const V6: InterfaceAddress = { ...V4, address: "fe80::1", family: "IPv6", prefixLength: 64 };
const answer = writeResponse(others("x", ["cluster=tankd"], "10.0.0.2"));
const [printer = answer] = writeQuery([{ name: "_ipp._tcp.local", type: "PTR" }]);
const [question = answer] = writeQuery([{ name: TYPE_NAME, type: "PTR" }]);

type React = (bytes: Uint8Array, events: SocketEvents) => void;

/** What comes of the question, when the network does that with each packet. */
async function probe(react: React, addresses = [V4]): Promise<readonly LinkProbe[]> {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock, timers, random } = world.addHost({ name: "a" }).boot();
  const found = probeMulticast({
    clock,
    timers,
    random,
    machine: { addresses: () => addresses, defaultRouteInterface: () => undefined },
    openSocket: (_, events) => ({ send: async (bytes) => react(bytes, events), close: () => {} }),
  });
  await world.run(10_000);
  return found;
}

const echo: React = (bytes, { onPacket }) => onPacket(bytes, { address: "10.0.0.1", port: 5353 });
const from = (address: string) => ({ address, port: 5353 });

describe("a question by multicast", () => {
  test("comes back by each protocol, and is told from what others say", async () => {
    const react: React = (bytes, events) => {
      echo(bytes, events);
      events.onPacket(printer, from("10.0.0.7"));
      events.onPacket(answer, from("10.0.0.2"));
      // Another node of this machine.
      events.onPacket(question, from("10.0.0.1"));
    };
    const found = await probe(react, [V4, V6]);
    const seen = { name: "eth0", sent: 2, heard: 2, others: 2, refused: [], causes: [] };
    expect(found).toEqual([
      { ...seen, family: "IPv4" },
      { ...seen, family: "IPv6" },
    ]);
  });

  test("that does not come back is dropped on this machine", async () => {
    const [found] = await probe(() => {});
    expect(found).toMatchObject({ sent: 2, causes: [{ code: "mdns_dropped_here:eth0" }] });
  });

  test("that comes back and is answered by nobody says no more than that", async () => {
    const [found] = await probe(echo);
    expect(found?.causes).toMatchObject([{ code: "mdns_silence:eth0", fault: false }]);
  });

  test("that cannot be sent says why", async () => {
    const [found] = await probe((_, { onFailure }) => onFailure(new Error("send EPERM")));
    expect(found).toMatchObject({
      sent: 0,
      refused: [{ reason: "send EPERM", count: 5 }],
      causes: [{ code: "mdns_unusable:eth0", fault: true }],
    });
  });

  test("is asked again where an address is too fresh to be used", async () => {
    let failures = 0;
    const [found] = await probe((bytes, events) => {
      if (failures++ < 2) events.onFailure(new Error("send EADDRNOTAVAIL"));
      else echo(bytes, events);
    });
    expect(found).toMatchObject({ sent: 2, causes: [{ code: "mdns_silence:eth0" }] });
  });

  test("names who speaks of tankd from another network", async () => {
    const react: React = (bytes, events) => {
      echo(bytes, events);
      events.onPacket(question, from("192.168.7.9"));
    };
    const [found] = await probe(react);
    expect(found?.causes[0]?.what).toContain("192.168.7.9");
  });

  test("is told from what comes in by another interface, which Linux hands to all", async () => {
    const cards = [V4, V6].map((card) => ({ ...card, interfaceName: "eth1" }));
    const wire = [
      { ...V4, address: "10.1.0.1" },
      { ...V6, address: "fe80::2" },
    ];
    const react: React = (bytes, events) => {
      echo(bytes, events);
      for (const sender of ["10.1.0.12", "fe80::12%eth0"]) {
        events.onPacket(question, from(sender));
        events.onPacket(printer, from(sender));
      }
    };
    const found = await probe(react, [...cards, ...wire]);
    const seen = found.map(({ name, family, heard, others }) => [name, family, heard, others]);
    expect(seen).toEqual([
      ["eth1", "IPv4", 0, 0],
      ["eth1", "IPv6", 0, 0],
      ["eth0", "IPv4", 4, 4],
      ["eth0", "IPv6", 4, 4],
    ]);
    const causes = found.slice(0, 2).flatMap((link) => link.causes.map(({ code }) => code));
    expect(causes).toEqual(["mdns_silence:eth1", "mdns_silence:eth1"]);
  });

  test("is not asked where there is no network", async () => {
    expect(await probe(echo, [])).toEqual([]);
  });
});
