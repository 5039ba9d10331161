import { describe, expect, test } from "bun:test";
import { createBackends } from "../../src/discovery/backends.ts";
import { HubBackend } from "../../src/discovery/hub/backend.ts";
import { parseHubUrl } from "../../src/discovery/hub/url.ts";
import { nominationOf, recordsOf } from "../../src/discovery/mdns/records.ts";
import { Problem } from "../../src/platform/errors.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";

const { timers, machine } = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
const hub = { host: "10.0.0.9", port: 8000 };

function names(wanted: readonly string[], hubs = [hub]): readonly string[] {
  return createBackends(wanted, { timers, machine, log: silentLog, hubs }).map(({ name }) => name);
}

describe("the choice of backends", () => {
  test("auto is mDNS, and the hubs that were named", () => {
    expect(names(["auto"], [])).toEqual(["mdns"]);
    expect(names(["auto"])).toEqual(["mdns", "hub"]);
    expect(names(["none"], [])).toEqual([]);
    expect(names(["mdns", "hub"])).toEqual(["mdns", "hub"]);
    expect(names(["none"])).toEqual(["hub"]);
  });

  test("an unknown one is a bad setting that names the known ones", () => {
    expect(() => names(["zeroconf"])).toThrow(
      'There is no discovery backend "zeroconf"; give mdns, hub, auto, none.',
    );
    expect(() => names(["toString"])).toThrow(Problem);
  });
});

describe("hub URLs", () => {
  test("are read", () => {
    expect(parseHubUrl("http://192.168.1.10:8000")).toEqual({ host: "192.168.1.10", port: 8000 });
    expect(parseHubUrl("http://tank-hub/")).toEqual({ host: "tank-hub", port: 80 });
    expect(parseHubUrl(" http://[FD00:0::1]:8001 ")).toEqual({ host: "fd00::1", port: 8001 });
    expect(parseHubUrl("http://Tank-Hub.example.org.:80")).toEqual({
      host: "tank-hub.example.org",
      port: 80,
    });
  });

  test("https says what is supported instead", () => {
    for (const text of ["https://hub", "https://hub:8443/"]) {
      expect(() => parseHubUrl(text)).toThrow(/give a URL like http:.* speak no https/);
    }
  });

  for (const text of [
    "",
    "192.168.1.10:8000",
    "ftp://hub",
    "http://",
    "http://.",
    "http://hub:99999",
    "http://hub/path",
    "http://hub/?a=b",
    "http://user:secret@hub",
  ]) {
    test(`"${text}" is refused with one clear sentence`, () => {
      expect(() => parseHubUrl(text)).toThrow("give a URL like http://192.168.1.10:8000 ");
    });
  }

  test("are nominated in order at the start and at each refresh, until the end", async () => {
    const heard: string[] = [];
    const backend = new HubBackend([hub, { host: "global", port: 80 }]);
    await backend.start(announcement(), ({ addresses }) => heard.push(addresses[0]?.host ?? ""));
    backend.refresh();
    await backend.stop();
    backend.refresh();
    expect(heard).toEqual(["10.0.0.9", "global", "10.0.0.9", "global"]);
  });
});

function announcement() {
  return {
    nodeId: "abcdefghij234567klmn",
    cluster: "tankd",
    version: "0.1.0",
    role: "worker" as const,
    priority: 100,
    bootId: "boot",
    addresses: [
      { host: "192.168.1.10", port: 8000 },
      { host: "2001:db8::10", port: 8000 },
    ],
  };
}

describe("what mDNS says", () => {
  test("are the records of the contract, and no address but the announced ones", () => {
    const records = recordsOf(announcement());
    const data = (type: string) =>
      records.filter((one) => one.type === type).map((one) => one.data);
    const instance = "abcdefghij234567klmn._tankd._tcp.local";
    expect(data("PTR")).toEqual([instance, "_tankd._tcp.local"]);
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
      ],
    ]);
  });

  test("stays under 200 bytes of TXT with the longest names", () => {
    const longest = {
      ...announcement(),
      cluster: "c".repeat(64),
      version: "v".repeat(32),
      role: "discovering" as const,
      priority: 1_000_000,
    };
    const txt = recordsOf(longest).find(({ type }) => type === "TXT")?.data as readonly string[];
    const bytes = txt.reduce((sum, text) => sum + 1 + new TextEncoder().encode(text).length, 0);
    expect(bytes).toBeLessThan(200);
  });

  test("is nothing where there is nothing to dial", () => {
    expect(recordsOf({ ...announcement(), addresses: [] })).toEqual([]);
  });

  test("is understood in part, and what is missing is no hint", () => {
    const service = { txt: { id: "x" }, addresses: ["10.0.0.1"], port: 8000 };
    const nomination = nominationOf(service as unknown as Parameters<typeof nominationOf>[0]);
    expect(nomination).toEqual({
      backend: "mdns",
      addresses: [{ host: "10.0.0.1", port: 8000 }],
      nodeId: "x",
    });
    const without = { txt: undefined, port: 8000 };
    expect(nominationOf(without as unknown as Parameters<typeof nominationOf>[0])).toBeUndefined();
  });
});
