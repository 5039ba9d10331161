import { describe, expect, test } from "bun:test";
import { Gate } from "../../../src/adapters/mdns/gate.ts";
import { linksOf } from "../../../src/adapters/mdns/links.ts";
import { writeQuery, writeResponse } from "../../../src/adapters/mdns/message.ts";
import { type DnsRecord, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { Ether } from "./ether.ts";

const CARD: InterfaceAddress = {
  interfaceName: "eth0",
  address: "10.0.0.1",
  family: "IPv4",
  internal: false,
  prefixLength: 16,
  interfaceIndex: 2,
};

function setUp() {
  const ether = new Ether();
  const { station } = ether.join("a", { address: "10.0.0.1" });
  const { clock } = ether.world.addHost({ name: "gate" }).boot();
  const gate = new Gate(clock);
  const [link] = linksOf([CARD], "eth0");
  if (!link) throw new Error("the link is missing");
  const judge = (bytes: Uint8Array, address = "10.0.0.2", port = 5353) =>
    gate.judge(bytes, { address, port }, { link, station, family: "IPv4" });
  const admits = (...packet: Parameters<typeof judge>) => judge(...packet) === "admitted";
  return { ether, gate, station, judge, admits };
}

function service(id: string): Uint8Array {
  const pointer: DnsRecord = {
    name: TYPE_NAME,
    type: "PTR",
    ttl: 4500,
    flush: false,
    data: `${id}.${TYPE_NAME}`,
  };
  return writeResponse([pointer]);
}

const [question = new Uint8Array()] = writeQuery([{ name: TYPE_NAME, type: "PTR" }]);

describe("the gate", () => {
  test("lets in what is about our service type and comes from the link", () => {
    const { judge } = setUp();
    expect(judge(question)).toBe("admitted");
    expect(judge(service("x"))).toBe("admitted");
    expect(judge(service("x"), "10.1.0.2")).toBe("off_link");
    expect(judge(service("x"), "fe80::1%eth1")).toBe("off_link");
    const [printer = question] = writeQuery([{ name: "_ipp._tcp.local", type: "PTR" }]);
    expect(judge(printer)).toBe("unrelated");
    expect(judge(new Uint8Array(8))).toBe("malformed");
  });

  test("takes responses from the port of multicast DNS alone, and questions from any", () => {
    const { judge } = setUp();
    expect(judge(service("x"), "10.0.0.2", 40_000)).toBe("malformed");
    expect(judge(question, "10.0.0.2", 40_000)).toBe("admitted");
  });

  test("leaves out what this station sent itself, once", async () => {
    const { ether, station, judge } = setUp();
    const sent: Uint8Array[] = [];
    station.attach("IPv4", (bytes) => sent.push(bytes));
    await ether.pass(150);
    const [first = question] = sent;
    expect(judge(first, "10.0.0.2")).toBe("admitted");
    expect(judge(first, "10.0.0.1")).toBe("echo");
    // The same question of another process on this machine.
    expect(judge(first, "10.0.0.1")).toBe("admitted");
  });

  test("counts each sender, and all strangers together", async () => {
    const { ether, gate, admits } = setUp();
    const admitted = (count: number, sender: (number: number) => string) =>
      Array.from({ length: count }, (_, number) => admits(service(`x${number}`), sender(number)));
    const alone = admitted(1_000, () => "10.0.0.66").filter(Boolean).length;
    expect(alone).toBe(LIMITS.mdnsPacketsBurst);
    expect(gate.dropped).toBe(1_000 - alone);
    await ether.pass(1_000);
    const later = admitted(100, () => "10.0.0.66").filter(Boolean).length;
    expect(later).toBe(LIMITS.mdnsPacketsPerSecond);
    const many = admitted(5_000, (number) => `10.0.${1 + (number % 200)}.1`).filter(Boolean).length;
    expect(many).toBeLessThanOrEqual(LIMITS.mdnsPacketsBurstInAll);
  });

  test("keeps room for those who were known before the flood", async () => {
    const { ether, admits } = setUp();
    ether.join("b", { address: "10.0.0.2" });
    await ether.pass(20_000);
    for (let number = 0; number < 5_000; number++) {
      admits(service(`x${number}`), `10.0.${1 + (number % 200)}.1`);
    }
    expect(admits(service("stranger"), "10.0.0.9")).toBe(false);
    expect(admits(service("b"), "10.0.0.2")).toBe(true);
  });
});
