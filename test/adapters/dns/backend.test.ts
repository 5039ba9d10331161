import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DnsBackend } from "../../../src/adapters/dns/backend.ts";
import { readDnsName } from "../../../src/adapters/dns/name.ts";
import { formatHostPort } from "../../../src/discovery/addresses.ts";
import type { Nomination } from "../../../src/discovery/backend.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { until } from "../../support/commands.ts";
import { ManualTime } from "../../support/manual-time.ts";
import { freePort, serverTest } from "./servers.ts";

const PROMPTLY_MS = 20_000;
const directory = mkdtempSync(join(tmpdir(), "tankd-dns-"));
const hostsFile = join(directory, "hosts");

afterEach(() => rmSync(hostsFile, { force: true }));

/** A backend whose names stand in a hosts file, by the hand of the test. */
function setUp(
  texts: readonly string[],
  servers = [`127.0.0.1:${freePort()}`],
  unit: () => number = () => 0.5,
) {
  const time = new ManualTime();
  const heard: Nomination[] = [];
  const logged: string[] = [];
  const say = (event: string) => void logged.push(event);
  const backend = new DnsBackend({
    ...time,
    names: texts.flatMap((text) => readDnsName(text) ?? []),
    random: { bytes: (length) => new Uint8Array(length), unit },
    log: { debug: say, info: say, warn: say, error: say },
    network: {
      resolve: async (host) => {
        throw new NetworkError("unreachable", host);
      },
    },
    servers,
    hostsFile,
  });
  const start = () => backend.start(announcementOf(), (nomination) => heard.push(nomination));
  /** The places that were nominated since the last time. */
  const news = () =>
    heard.splice(0).map(({ addresses }) => addresses.map(formatHostPort).join(","));
  /** Until a look has ended and the next one is due in so many seconds. */
  const restsFor = (seconds: number) =>
    until(
      `the next look in ${seconds} s`,
      PROMPTLY_MS,
      async () => time.nextMs === seconds * 1_000,
    );
  return { time, backend, start, heard, logged, news, restsFor };
}

function writeHosts(addresses: readonly string[], name = "tanks.test"): void {
  writeFileSync(hostsFile, addresses.map((address) => `${address} ${name}\n`).join(""));
}

describe("what a name leads to", () => {
  test("is nominated once it is new, and all of it when discovery looks again", async () => {
    const { time, backend, start, heard, news, restsFor } = setUp(["tanks.test"]);
    writeHosts(["10.0.0.1", "fd00::1"]);
    await start();
    await restsFor(5);
    expect(heard[0]).toEqual({ backend: "dns", addresses: [{ host: "10.0.0.1", port: 8000 }] });
    expect(news()).toEqual(["10.0.0.1:8000", "[fd00::1]:8000"]);
    expect([backend.isWorking(), backend.describe()]).toEqual([true, "tanks.test: 2 addresses"]);
    writeHosts(["10.0.0.1", "fd00::1", "10.0.0.2"]);
    time.pass(5_000);
    await restsFor(5);
    expect(news()).toEqual(["10.0.0.2:8000"]);
    backend.refresh();
    expect(news()).toEqual(["10.0.0.1:8000", "10.0.0.2:8000", "[fd00::1]:8000"]);
    await backend.stop();
  });

  test("is tried in an order that is drawn: of a hundred most may be off", async () => {
    const draws = [0.9, 0.1, 0.5];
    const unit = () => draws.shift() ?? 0.5;
    const { backend, start, news, restsFor } = setUp(["tanks.test"], undefined, unit);
    writeHosts(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    await start();
    await restsFor(5);
    expect(news()).toEqual(["10.0.0.2:8000", "10.0.0.3:8000", "10.0.0.1:8000"]);
    await backend.stop();
  });

  test("is asked less and less often while nothing is new or discovery asks", async () => {
    const { time, backend, start, news, restsFor } = setUp(["tanks.test"]);
    writeHosts(["10.0.0.1"]);
    await start();
    await restsFor(5);
    for (const seconds of [10, 20, 30, 30]) {
      time.pass(time.nextMs ?? 0);
      await restsFor(seconds);
    }
    news();
    writeHosts(["10.0.0.2"]);
    time.pass(4_999);
    backend.refresh();
    expect([news(), time.nextMs]).toEqual([["10.0.0.1:8000"], 25_001]);
    time.pass(1);
    backend.refresh();
    await restsFor(5);
    expect(news()).toEqual(["10.0.0.1:8000", "10.0.0.2:8000"]);
    await backend.stop();
  });

  serverTest(
    "is kept for two minutes after it has left the answers",
    ["dnsmasq"],
    async (servers) => {
      const { time, backend, start, news, restsFor } = setUp(
        ["tanks.test"],
        [await servers.dnsmasq([])],
      );
      writeHosts(["10.0.0.1", "10.0.0.2"]);
      await start();
      await restsFor(5);
      writeHosts([]);
      for (const seconds of [5, 10, 20, 30, 30, 30]) {
        time.pass(time.nextMs ?? 0);
        await restsFor(seconds);
      }
      news();
      backend.refresh();
      expect(news()).toEqual(["10.0.0.1:8000", "10.0.0.2:8000"]);
      expect([backend.isWorking(), backend.describe()]).toEqual([
        false,
        "tanks.test: this name has no records: add A, AAAA or _tankd._tcp SRV records, " +
          "kept from before: 2",
      ]);
      writeHosts(["10.0.0.2"]);
      time.pass(30_000);
      await restsFor(5);
      expect(backend.describe()).toBe("tanks.test: 1 address");
      backend.refresh();
      expect(news()).toEqual(["10.0.0.2:8000"]);
      await backend.stop();
    },
  );

  serverTest("is asked for again when its time to live is over", ["dnsmasq"], async (servers) => {
    for (const [ttl, seconds] of [
      [20, 20],
      [0, 5],
      [3_600, 30],
    ] as const) {
      const record = "--address=/tanks.test/10.0.0.1";
      const server = await servers.dnsmasq([record, `--local-ttl=${ttl}`]);
      const { backend, start, restsFor } = setUp(["tanks.test"], [server]);
      await start();
      await restsFor(seconds);
      await backend.stop();
    }
  });

  serverTest("may be more than is used, which it says", ["dnsmasq"], async (servers) => {
    const addresses = Array.from(
      { length: 300 },
      (_, index) => `10.0.${index >> 8}.${index & 255}`,
    );
    const server = await servers.dnsmasq(
      addresses.map((one) => `--host-record=tanks.test,${one},20`),
    );
    const { backend, start, news, restsFor } = setUp(["tanks.test"], [server]);
    await start();
    await restsFor(20);
    expect(news()).toHaveLength(128);
    expect(backend.describe()).toBe("tanks.test: 300 addresses, of which 128 are used");
    await backend.stop();
  });

  serverTest("may be targets without an address, which it says", ["dnsmasq"], async (servers) => {
    const targets = Array.from({ length: 200 }, (_, index) => `n${index}.test`);
    const server = await servers.dnsmasq([
      "--srv-host=_tankd._tcp.one.test,here.test,9000",
      "--srv-host=_tankd._tcp.two.test,here.test,9000",
      "--srv-host=_tankd._tcp.two.test,gone.test,9000",
      ...targets.map((target) => `--srv-host=_tankd._tcp.many.test,${target},9000`),
      ...targets.map((target, index) => `--host-record=${target},10.0.1.${index}`),
      "--host-record=here.test,10.0.0.1",
    ]);
    const names = ["one.test", "two.test", "_tankd._tcp.many.test"];
    const { backend, start, news, restsFor } = setUp(names, [server]);
    await start();
    await until("all have been asked for", PROMPTLY_MS, async () =>
      backend.describe().includes("200 nodes"),
    );
    await restsFor(5);
    expect(backend.describe()).toBe(
      "one.test: 1 node by SRV; two.test: 2 nodes by SRV, 1 without an address; " +
        "_tankd._tcp.many.test: 200 nodes by SRV, of which 128 are used",
    );
    expect(news()).toHaveLength(1 + 1 + 128);
    await backend.stop();
  });
});

describe("a name server that fails", () => {
  serverTest(
    "is said once, asked ever less often, and forgets nobody",
    ["dnsmasq"],
    async (servers) => {
      const port = freePort();
      const options = ["--address=/tanks.test/10.0.0.1", "--local-ttl=0"];
      const server = await servers.dnsmasq(options, port);
      const { time, backend, start, logged, news, restsFor } = setUp(["tanks.test"], [server]);
      await start();
      await restsFor(5);
      await servers.endAll();
      for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
        time.pass(time.nextMs ?? 0);
        await restsFor(seconds);
      }
      expect(backend.isWorking()).toBe(false);
      expect(backend.describe()).toStartWith("tanks.test: no name server ");
      expect(backend.describe()).toEndWith(": see /etc/resolv.conf, kept from before: 1");
      news();
      backend.refresh();
      expect(news()).toEqual(["10.0.0.1:8000"]);
      await servers.dnsmasq(options, port);
      time.pass(60_000);
      await restsFor(5);
      expect([backend.isWorking(), backend.describe()]).toEqual([true, "tanks.test: 1 address"]);
      expect(logged).toEqual(["a name cannot be looked up", "a name can be looked up again"]);
      await backend.stop();
    },
  );

  serverTest("for one name does not disturb the others", ["dnsmasq"], async (servers) => {
    const server = await servers.dnsmasq(["--address=/tanks.test/10.0.0.1"]);
    const names = ["tanks.test:9000", "elsewhere.example"];
    const { backend, start, news, restsFor } = setUp(names, [server]);
    await start();
    await restsFor(2);
    expect(news()).toEqual(["10.0.0.1:9000"]);
    expect(backend.isWorking()).toBe(true);
    expect(backend.describe()).toBe(
      "tanks.test:9000: 1 address; elsewhere.example: the name server refuses to answer: " +
        "name one that knows it in /etc/resolv.conf",
    );
    await backend.stop();
  });
});

test("what comes after the stop is not nominated, and nothing is asked for any more", async () => {
  const { time, backend, start, news } = setUp(["tanks.test", "more.test"]);
  writeHosts(["10.0.0.1"]);
  await start();
  expect(backend.describe()).toBe("asks for tanks.test; asks for more.test");
  expect(backend.isWorking()).toBe(true);
  await backend.stop();
  await backend.stop();
  backend.refresh();
  // Whoever begins after it and has looked twice comes later.
  const other = setUp(["tanks.test"]);
  await other.start();
  await other.restsFor(5);
  other.time.pass(5_000);
  await other.restsFor(10);
  await other.backend.stop();
  expect([news(), time.nextMs, backend.describe()]).toEqual([[], undefined, ""]);
});
