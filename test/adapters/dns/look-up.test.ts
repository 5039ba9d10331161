import { describe, expect, test } from "bun:test";
import { type DecodedRecord, decode, encode } from "dns-packet";
import type { HostsFile } from "../../../src/adapters/dns/hosts-file.ts";
import { type DnsLook, lookUp } from "../../../src/adapters/dns/look-up.ts";
import { readDnsName } from "../../../src/adapters/dns/name.ts";
import { keyOf } from "../../../src/adapters/dns/places.ts";
import {
  type DnsAnswer,
  DnsQuestions,
  type ServiceRecord,
} from "../../../src/adapters/dns/questions.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import type { Random } from "../../../src/platform/random.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import { until } from "../../support/commands.ts";
import { ManualTime } from "../../support/manual-time.ts";
import { freePort, serverTest } from "./servers.ts";

/** Draws nothing special: of one priority the greatest weight then comes first. */
const middling: Random = { bytes: (length) => new Uint8Array(length), unit: () => 0.5 };

interface Machine {
  readonly hosts?: HostsFile;
  readonly timers?: Timers;
  /** What the system's lookup knows. */
  readonly system?: Readonly<Record<string, readonly string[]>>;
}

/** One look from a machine with these name servers, and what the system was asked for meanwhile. */
async function look(text: string, servers: readonly string[], machine: Machine = {}) {
  const name = readDnsName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    const known = machine.system?.[host];
    if (known === undefined) throw new NetworkError("unreachable", `${host} is not known`);
    return known;
  };
  const { hosts = new Map(), timers = realTimers } = machine;
  const questions = new DnsQuestions({ timers, servers });
  const found = await lookUp(name, { timers, random: middling, questions, hosts, resolve });
  questions.end();
  return { ...summaryOf(found), asked };
}

function summaryOf(found: DnsLook) {
  if (found.kind === "failed") return { failure: found.reason };
  if (found.kind === "none") return { kind: "none" };
  const { places, by, ttlMs, withoutAddress } = found;
  return { by, places: places.map(keyOf), ttlMs, withoutAddress };
}

const many = Array.from({ length: 100 }, (_, index) => index);

describe("BIND", () => {
  serverTest("names nodes by SRV records, the first priority first", ["named"], async (servers) => {
    const server = await servers.named({
      "example.test": [
        "_tankd._tcp.tanks 50 SRV 20 9 8002 second",
        "_tankd._tcp.tanks 50 SRV 10 1 8001 light",
        "_tankd._tcp.tanks 50 SRV 10 9 8000 HEAVY",
        "_tankd._tcp.tanks 50 SRV 30 0 8003 gone",
        "tanks A 10.9.9.9",
        "heavy 7 A 10.0.0.2",
        "heavy 9 A 10.0.0.1",
        "heavy 30 AAAA fd00::1",
        "light 30 AAAA fd00::2",
        "second 30 A 10.0.0.3",
        "_other._tcp.tanks SRV 1 1 7000 second",
      ],
    });
    expect(await look("tanks.example.test", [server])).toMatchObject({
      by: "SRV",
      places: ["10.0.0.1:8000,10.0.0.2:8000,[fd00::1]:8000", "[fd00::2]:8001", "10.0.0.3:8002"],
      ttlMs: 7_000,
      withoutAddress: 1,
    });
    expect(await look("_other._tcp.tanks.example.test.", [server])).toMatchObject({
      places: ["10.0.0.3:7000"],
    });
    expect(await look("tanks.example.test:9000", [server])).toMatchObject({
      by: "address",
      places: ["10.9.9.9:9000"],
    });
  });

  serverTest("names a hundred, which no datagram holds", ["named"], async (servers) => {
    const server = await servers.named({
      "example.test": many.flatMap((index) => [
        `_tankd._tcp.tanks SRV 1 1 ${9000 + index} node${index}`,
        `node${index} A 10.1.0.${index}`,
        `node${index} AAAA fd00::${index}`,
        `crowd A 10.2.0.${index}`,
      ]),
    });
    const nodes = await look("tanks.example.test", [server]);
    expect(new Set(nodes.places)).toEqual(
      new Set(many.map((n) => `10.1.0.${n}:${9000 + n},[fd00::${n === 0 ? "" : n}]:${9000 + n}`)),
    );
    const crowd = await look("crowd.example.test", [server]);
    expect(new Set(crowd.places)).toEqual(new Set(many.map((n) => `10.2.0.${n}:8000`)));
  });

  serverTest("follows aliases, and is not led in circles", ["named"], async (servers) => {
    const server = await servers.named({
      "example.test": [
        "one CNAME two",
        "two CNAME three",
        "three A 10.0.0.1",
        "loop CNAME pool",
        "pool CNAME loop",
        "outside CNAME www.other.test.",
        "_tankd._tcp.alias CNAME _tankd._tcp.tanks",
        "_tankd._tcp.tanks SRV 1 1 8001 one",
      ],
    });
    expect(await look("one.example.test", [server])).toMatchObject({ places: ["10.0.0.1:8000"] });
    expect(await look("alias.example.test", [server])).toMatchObject({ places: ["10.0.0.1:8001"] });
    expect((await look("loop.example.test", [server])).failure).toContain("SERVFAIL");
    expect(await look("outside.example.test", [server])).toMatchObject({ kind: "none" });
  });

  serverTest("says in different ways that there is nothing", ["named"], async (servers) => {
    const server = await servers.named({
      "example.test": [
        "_tankd._tcp.closed SRV 0 0 0 .",
        "_tankd._tcp.broken SRV 0 0 8000 nowhere",
        "_tankd._tcp.literal SRV 0 0 8000 10.0.0.1.",
        "text TXT hello",
      ],
      "unloaded.test": [],
    });
    for (const name of ["closed", "text", "unknown", "_x._tcp.unknown"]) {
      expect(await look(`${name}.example.test`, [server])).toMatchObject({ kind: "none" });
    }
    expect((await look("_tankd._tcp.broken.example.test", [server])).failure).toBe(
      "its SRV records name targets without an address: add A or AAAA records",
    );
    expect(await look("literal.example.test", [server])).toMatchObject({
      places: ["10.0.0.1:8000"],
    });
    expect((await look("tanks.unloaded.test", [server])).failure).toContain("SERVFAIL");
    expect((await look("tanks.foreign.test", [server])).failure).toContain("refuses to answer");
  });
});

describe("a name server that cannot be asked", () => {
  serverTest("is named, and costs no time of the processor", ["dnsmasq"], async (servers) => {
    const dead = [`127.0.0.1:${freePort()}`];
    // One question is followed by another one in time; of three the last need not be waited for.
    const { timers } = new ManualTime();
    const looks = [
      ["_tankd._tcp.example.test", {}],
      ["tanks.example.test", { timers }],
      ["worker", { timers }],
    ] as const;
    for (const [name, machine] of looks) {
      const before = process.cpuUsage();
      expect(await look(name, dead, machine)).toEqual({
        failure: "no name server listens: see /etc/resolv.conf",
        asked: [],
      });
      const { user, system } = process.cpuUsage(before);
      // To spin until the time is up takes a second of it.
      expect((user + system) / 1_000).toBeLessThan(600);
    }
    const alive = await servers.dnsmasq(["--address=/tanks.example.test/10.0.0.1"]);
    expect(await look("tanks.example.test", [...dead, alive])).toMatchObject({
      places: ["10.0.0.1:8000"],
    });
  });

  serverTest(
    "but is silent is given up, and the system is not asked",
    ["dnsmasq"],
    async (servers) => {
      const silent = await servers.scripted(() => []);
      expect(
        await look("tanks.example.test", [silent], { system: { "tanks.example.test": [] } }),
      ).toEqual({ failure: "no name server answers: see /etc/resolv.conf", asked: [] });
      const alive = await servers.dnsmasq(["--address=/tanks.example.test/10.0.0.1"]);
      expect(await look("tanks.example.test", [silent, alive])).toMatchObject({
        places: ["10.0.0.1:8000"],
      });
    },
  );
});

describe("a name server that nobody should believe", () => {
  const name = "tanks.example.test";

  serverTest("gets nowhere with packets that are none", [], async (servers) => {
    const noise = await servers.scripted((question) => [
      new Uint8Array(0),
      question,
      question.subarray(0, 20),
      new Uint8Array(1_400).fill(0xff),
      Buffer.concat([question.subarray(0, 2), new Uint8Array(600).fill(0xc0)]),
      encode({ id: 1, type: "response", answers: [{ name, type: "A", data: "10.6.6.6" }] }),
    ]);
    expect(await look(name, [noise])).toMatchObject({
      failure: expect.stringContaining("cannot be read"),
    });
  });

  serverTest("names strange targets, which are left out", [], async (servers) => {
    const strange = ["<b>x</b>.test", "a b.test", "x".repeat(63), "..", "node.test"];
    const odd = await servers.scripted((question) => {
      const { id, questions = [] } = decode(question);
      const [asked] = questions;
      const answers: DecodedRecord[] =
        asked?.type === "SRV"
          ? strange.map((target, index) => ({
              name: asked.name,
              type: "SRV",
              data: { port: 9000 + index, priority: index, weight: 0, target },
            }))
          : asked?.type === "A" && asked.name === "node.test"
            ? [{ name: asked.name, type: "A", data: "10.0.0.1" }]
            : [];
      return [encode({ id, type: "response", questions, answers })];
    });
    expect(await look(name, [odd])).toMatchObject({ by: "SRV", places: ["10.0.0.1:9004"] });
  });
});

test("a service that nobody answers for does not hold up the addresses", async () => {
  const time = new ManualTime();
  const { promise: never } = Promise.withResolvers<DnsAnswer<ServiceRecord>>();
  const name = readDnsName("tanks.example.test");
  if (name === undefined) throw new Error("that is a name");
  const looking = lookUp(name, {
    timers: time.timers,
    random: middling,
    questions: {
      services: () => never,
      addresses: async () => ({ kind: "found", records: [{ address: "10.0.0.1", ttlMs: 9_000 }] }),
    },
    hosts: new Map(),
    resolve: async () => [],
  });
  await until("it has patience", 20_000, async () => time.nextMs === 300);
  time.pass(300);
  expect(summaryOf(await looking)).toMatchObject({ by: "address", places: ["10.0.0.1:8000"] });
});

describe("names that DNS does not know", () => {
  serverTest(
    "are asked of the system, which knows search domains",
    ["dnsmasq"],
    async (servers) => {
      const server = await servers.dnsmasq(["--local=/worker/"]);
      const system = { worker: ["10.0.0.2", "10.0.0.1"], "tasks.worker": ["10.0.0.3"] };
      expect(await look("worker", [server], { system })).toMatchObject({
        by: "address",
        places: ["10.0.0.1:8000", "10.0.0.2:8000"],
        asked: ["worker"],
      });
      expect(await look("tasks.worker:9000", [server], { system })).toMatchObject({
        places: ["10.0.0.3:9000"],
      });
      expect(await look("unknown.worker", [server], { system })).toMatchObject({ kind: "none" });
    },
  );

  serverTest("the hosts file knows without any of them", ["dnsmasq"], async (servers) => {
    const hosts = new Map([
      ["tanks.example.test", ["10.0.0.1", "fd00::1"]],
      ["node.example.test", ["10.0.0.2"]],
    ]);
    const dead = [`127.0.0.1:${freePort()}`];
    expect(await look("Tanks.example.test", dead, { hosts })).toMatchObject({
      by: "address",
      places: ["10.0.0.1:8000", "[fd00::1]:8000"],
      asked: [],
    });
    const server = await servers.dnsmasq(["--srv-host=_tankd._tcp.x.test,node.example.test,8001"]);
    expect(await look("x.test", [server], { hosts })).toMatchObject({ places: ["10.0.0.2:8001"] });
  });
});
