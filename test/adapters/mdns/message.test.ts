import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { kindOf, mentions } from "../../../src/adapters/mdns/glance.ts";
import { readMessage, writeQuery, writeResponse } from "../../../src/adapters/mdns/message.ts";
import { nominationOf } from "../../../src/adapters/mdns/nomination.ts";
import { type DnsRecord, recordsOf, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import type { Announcement } from "../../../src/discovery/backend.ts";

const announcement: Announcement = {
  nodeId: "abcdefghij234567klmn",
  cluster: "tankd",
  version: "0.1.0",
  role: "worker",
  priority: 100,
  bootId: "0123456789abcdef",
  addresses: [
    { host: "192.168.1.10", port: 8000 },
    { host: "2001:db8::10", port: 8000 },
    { host: "192.168.1.11", port: 9000 },
  ],
};
const own = recordsOf(announcement, announcement.addresses);
const LINK = { name: "eth0", isLoopback: false };

describe("the records of a node", () => {
  test("are those of the contract, and no address but the announced ones", () => {
    const data = (type: string) => own.filter((one) => one.type === type).map((one) => one.data);
    expect(data("PTR")).toEqual([`${announcement.nodeId}.${TYPE_NAME}`, TYPE_NAME]);
    expect(data("SRV")).toEqual([{ port: 8000, target: "abcdefghij234567klmn.local" }]);
    expect(data("A")).toEqual(["192.168.1.10"]);
    expect(data("AAAA")).toEqual(["2001:db8::10"]);
    expect(data("TXT")).toEqual([
      [
        "txtvers=1",
        "id=abcdefghij234567klmn",
        "cluster=tankd",
        "role=worker",
        "prio=100",
        "v=0.1.0",
        "boot=0123456789abcdef",
      ],
    ]);
    expect(recordsOf(announcement, [])).toEqual([]);
  });

  test("stay under 200 bytes of TXT with the longest names", () => {
    const longest: Announcement = {
      ...announcement,
      cluster: "c".repeat(64),
      version: "v".repeat(32),
      role: "discovering",
      priority: 1_000_000,
    };
    const text = recordsOf(longest, longest.addresses).find(({ type }) => type === "TXT");
    if (text?.type !== "TXT") throw new Error("there is no TXT record");
    const bytes = text.data.reduce((sum, one) => sum + 1 + Buffer.byteLength(one), 0);
    expect(bytes).toBeLessThan(200);
  });

  test("come out of a packet as they went in, and are not changed by it", () => {
    const before = JSON.stringify(own);
    const read = readMessage(writeResponse(own));
    expect(JSON.stringify(own)).toBe(before);
    expect(read).toMatchObject({ isResponse: true, id: 0 });
    expect(read?.answers).toEqual(own.filter(({ type }) => type !== "NSEC"));
  });
});

describe("questions with known answers", () => {
  test("are split over packets that fit into a frame, marked but for the last", () => {
    const known = Array.from({ length: 100 }, (_, number): DnsRecord => {
      return {
        name: TYPE_NAME,
        type: "PTR",
        ttl: 4500,
        flush: false,
        data: `n${number}.${TYPE_NAME}`,
      };
    });
    const packets = writeQuery([{ name: TYPE_NAME, type: "PTR" }], known);
    const messages = packets.flatMap((bytes) => readMessage(bytes) ?? []);
    expect(packets.length).toBeGreaterThan(2);
    expect(packets.every(({ length }) => length <= 1440)).toBe(true);
    expect(messages.map(({ truncated }) => truncated)).toEqual(
      packets.map((_, at) => at < packets.length - 1),
    );
    expect(messages.map(({ questions }) => questions.length)).toEqual(
      packets.map((_, at) => (at === 0 ? 1 : 0)),
    );
    expect(messages.flatMap(({ answers }) => answers)).toEqual(known);
  });
});

describe("the first look at a packet", () => {
  test("tells queries, responses and what is neither", () => {
    const [query = new Uint8Array()] = writeQuery([{ name: TYPE_NAME, type: "PTR" }]);
    expect(kindOf(query)).toBe("query");
    expect(kindOf(writeResponse(own))).toBe("response");
    expect(kindOf(query.slice(0, 11))).toBeUndefined();
    expect(kindOf(new Uint8Array(9_001))).toBeUndefined();
    expect(kindOf(Uint8Array.from(query, (byte, at) => (at === 2 ? 0x28 : byte)))).toBeUndefined();
    expect(kindOf(Uint8Array.from(query, (byte, at) => (at === 3 ? 3 : byte)))).toBeUndefined();
  });

  test("finds a label in whatever case, and not one that only contains it", () => {
    const response = writeResponse(own);
    expect(mentions(response, ["_tankd"])).toBe(true);
    const [upper = new Uint8Array()] = writeQuery([{ name: "_TANKD._TCP.local", type: "PTR" }]);
    expect(mentions(upper, ["_tankd"])).toBe(true);
    expect(mentions(response, ["_tank"])).toBe(false);
    expect(mentions(response, ["_http", "tankd"])).toBe(false);
  });
});

describe("what comes from the network", () => {
  const garbage = fc.uint8Array({ maxLength: 1_500 });
  const packets = [writeResponse(own), ...writeQuery([{ name: TYPE_NAME, type: "PTR" }], own)];
  const damaged = fc
    .record({
      packet: fc.constantFrom(...packets),
      bytes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      length: fc.nat(),
    })
    .map(({ packet, bytes, length }) => {
      const copy = Uint8Array.from(packet);
      for (const [at, byte] of bytes) copy[at % copy.length] = byte;
      return copy.slice(0, length % (copy.length + 1));
    });

  test("is read or is none, and never an error", () => {
    fc.assert(
      fc.property(fc.oneof(garbage, damaged), (bytes) => {
        const message = readMessage(bytes);
        for (const record of message?.answers ?? []) {
          expect(record.name.length).toBeLessThan(256);
          expect(record.ttl).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a nomination", () => {
  const service = {
    instance: `x.${TYPE_NAME}`,
    source: "10.0.0.1",
    port: 8000,
    text: ["txtvers=1", "id=x"],
    target: "x.local",
    addresses: ["10.0.0.9", "10.0.0.1"],
    complete: true,
  };
  const hosts = (addresses: readonly string[], link = LINK) =>
    nominationOf({ ...service, addresses }, link, [])?.addresses.map(({ host }) => host);

  test("begins with the address that spoke", () => {
    expect(hosts(service.addresses)).toEqual(["10.0.0.1", "10.0.0.9"]);
  });

  test("has the receiver's zone where an address needs one", () => {
    const source = "fe80::1%eth0";
    expect(
      nominationOf({ ...service, source, addresses: ["fd00::1", "fe80::1"] }, LINK, []),
    ).toEqual({
      backend: "mdns",
      addresses: [
        { host: "fe80::1%eth0", port: 8000 },
        { host: "fd00::1", port: 8000 },
      ],
      source,
      nodeId: "x",
    });
  });

  test("never leads to loopback, to where clouds keep secrets, or to many at once", () => {
    const bad = ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"];
    bad.push("169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "224.0.0.1", "ff02::1");
    expect(hosts(bad)).toBeUndefined();
    expect(hosts(["127.0.0.1"], { name: "lo", isLoopback: true })).toEqual(["127.0.0.1"]);
  });

  test("never leads back to the node itself, but to another one on its machine", () => {
    const own = [{ host: "10.0.0.9", port: 8000 }];
    const [only] = nominationOf(service, LINK, own)?.addresses ?? [];
    expect(only).toEqual({ host: "10.0.0.1", port: 8000 });
    expect(nominationOf({ ...service, addresses: ["10.0.0.9"] }, LINK, own)).toBeUndefined();
    const neighbour = nominationOf({ ...service, port: 8001 }, LINK, own);
    expect(neighbour?.addresses).toHaveLength(2);
  });

  test("takes hints only as they should be", () => {
    const hints = (...text: readonly string[]) => nominationOf({ ...service, text }, LINK, []);
    expect(hints("ID=a", "id=b", "role=king", "prio=-1", "boot=", "cluster=a b")).toMatchObject({
      nodeId: "a",
    });
    expect(hints("role=king", "prio=1e9", `id=${"x".repeat(65)}`, "cluster")).toEqual({
      backend: "mdns",
      addresses: expect.anything(),
      source: "10.0.0.1",
    });
    expect(hints("role=hub", "prio=7", "boot=b")).toMatchObject({
      role: "hub",
      priority: 7,
      bootId: "b",
    });
    expect(nominationOf({ ...service, port: 0 }, LINK, [])).toBeUndefined();
  });
});
