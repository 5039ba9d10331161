import { describe, expect, test } from "bun:test";
import { readAgentAddress } from "../../src/adapters/consul/address.ts";
import { readDnsName } from "../../src/adapters/dns/name.ts";
import { readEndpoint } from "../../src/adapters/etcd/access.ts";
import { LocalApis } from "../../src/adapters/tailscale/local-apis.ts";
import { Tailnet } from "../../src/adapters/tailscale/tailnet.ts";
import type { ServerRecord } from "../../src/cluster/server-record.ts";
import { readHostAndPort } from "../../src/discovery/host-and-port.ts";
import { parseHubUrl } from "../../src/discovery/hub/url.ts";
import { isHubUrl } from "../../src/node/addresses.ts";
import { createBackends } from "../../src/node/backends.ts";
import { Closers } from "../../src/node/closers.ts";
import { planDiscovery, withHub } from "../../src/node/discovery-plan.ts";
import { makeFirstTanks, tankLabel } from "../../src/node/first-tanks.ts";
import { runOnRoleChange } from "../../src/node/role-hook.ts";
import { closest } from "../../src/node/settings/spelling.ts";
import { hostAndPort, leaseUrl } from "../../src/node/settings/values.ts";
import { timingOf } from "../../src/node/timing.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import type { NewTank, Tanks } from "../../src/tanks/tanks.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { defaultSettings } from "./settings/default-settings.ts";

describe("HOST[:PORT]", () => {
  test.each([
    ["example.org", "example.org", undefined],
    ["example.org:9000", "example.org", 9000],
    ["203.0.113.7:1", "203.0.113.7", 1],
    ["[2001:db8::1]:8000", "2001:db8::1", 8000],
    ["[2001:db8::1]", "2001:db8::1", undefined],
    ["2001:db8::1", "2001:db8::1", undefined],
  ] as const)("%s", (text, host, port) => {
    expect(readHostAndPort(text)).toEqual({ host, port });
  });

  test.each([
    ...["", ":80", "a:0", "a:70000", "a b", "http://a", "a:b", "[::1", "-a"],
    // What looks like an IPv6 address, and is none.
    ...[
      ":::",
      "::::",
      "1:2",
      "1:2:3:4:5:6:7:8:9",
      "[:::]:80",
      "[::1.2.3.4.5]",
      "[a]",
      "[10.0.0.1]",
    ],
    // What looks like an IPv4 address, or is one in a spelling that others read as another.
    ...["1.2.3.4.5:99", "10.0.0.256", "127.1", "0x7f.0x1", "010.0.0.1", "1.2.3.4.", "8000"],
    // Labels of no name.
    ...["a..b", ".a", "a.", "a.-b", "a-.b", "xn--a", `${"x".repeat(64)}.org`, "a*.org", "ä.org"],
    `${"a.".repeat(126)}ab`,
  ])("%j is none, for whatever backend", (text) => {
    expect(readHostAndPort(text)).toBeUndefined();
    expect(readEndpoint(`http://${text}`)).toBeUndefined();
    expect(readAgentAddress(`http://${text}`)).toBeUndefined();
    expect(hostAndPort.schema().safeParse(text).success).toBe(false);
    for (const url of [`etcd://${text}`, `consul://${text}`]) {
      expect(leaseUrl.schema().safeParse(url).success).toBe(false);
    }
  });

  test("a hub's URL and a name in DNS have the same hosts and ports", () => {
    for (const text of ["a:0", "a:70000", "1.2.3.4.5:99", "a..b", "-a", "xn--a", "[:::]:80"]) {
      expect(isHubUrl(`http://${text}`)).toBe(false);
      expect(readDnsName(text)).toBeUndefined();
    }
    expect(parseHubUrl("http://Reef.example.org.:8000")).toEqual({
      host: "reef.example.org",
      port: 8000,
    });
    expect(readDnsName("reef.example.org.:8000")).toMatchObject({
      host: "reef.example.org.",
      port: 8000,
    });
  });
});

describe("discovery and hub together", () => {
  const settings = defaultSettings();
  const hub = { host: "h", port: 8000 };
  test.each([
    [["auto"], [], ["auto"], [], ["mdns"]],
    [["none"], [], ["none"], [], []],
    [["mdns"], [], ["mdns"], [], ["mdns"]],
    [["none"], ["http://h:8000"], ["none"], [hub], ["hub"]],
    [["auto"], ["http://h:8000"], ["auto"], [hub], ["mdns", "hub"]],
    [["hub"], ["http://h:8000"], ["hub"], [hub], ["hub"]],
    [["http://h:8000"], [], [], [hub], ["hub"]],
    [["http://h:8000"], ["http://h:8000", "http://i"], [], [hub, { host: "i", port: 80 }], ["hub"]],
  ])("%j %j", (discovery, urls, words, hubs, names) => {
    expect<unknown>(planDiscovery({ ...settings, discovery, hub: urls })).toEqual({ words, hubs });
    const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
    const localApis = new LocalApis({ socket: undefined, platform: host.machine.platform });
    const tailnet = new Tailnet(host.machine, undefined, localApis);
    const more = { log: silentLog, tailnet, remembered: [], hubs, settings, faults: [] };
    const backends = createBackends(words, { ...host, ...more });
    // Others are used where this machine has what they need.
    const certain = backends.filter(({ isThere }) => isThere === undefined);
    expect(certain.map(({ name }) => name)).toEqual(names);
  });

  test("a hub that was joined comes behind those that are given, and once", () => {
    const plan = planDiscovery({ ...settings, discovery: ["none"], hub: ["http://a:1"] });
    const joined = { host: "b", port: 2 };
    expect(withHub(plan, joined).hubs).toEqual([{ host: "a", port: 1 }, joined]);
    expect(withHub(plan, { host: "a", port: 1 })).toEqual(plan);
    expect(withHub(plan, undefined)).toEqual(plan);
  });
});

describe("tanks of the first start", () => {
  /** Tanks that only remember what was asked for; `failAt` breaks the creation of one. */
  function memory(failAt = Number.POSITIVE_INFINITY) {
    const made: NewTank[] = [];
    const tanks = {
      list: () => made.map((row) => ({ row })),
      create: async (spec: NewTank) => {
        if (made.length === failAt) throw new Error("full disk");
        made.push(spec);
      },
    } as unknown as Tanks;
    return { made, tanks };
  }

  const wanted = { tanks: 3, fish: 9, seed: Number.MAX_SAFE_INTEGER, label: "left" };

  test("are made once, also when they were removed since", async () => {
    const { journal } = new MemoryStore();
    const { made, tanks } = memory();
    expect(await makeFirstTanks(tanks, journal, wanted)).toBe(3);
    expect(made.map(({ name, fish, seed }) => [name, fish, seed])).toEqual([
      ["left-1", 9, Number.MAX_SAFE_INTEGER],
      ["left-2", 9, 0],
      ["left-3", 9, 1],
    ]);
    made.length = 0;
    expect(await makeFirstTanks(tanks, journal, wanted)).toBe(0);
    expect(made).toEqual([]);
  });

  test.each([
    ["reef", "laptop.local", "reef"],
    [undefined, "laptop.local", "laptop"],
    [undefined, "Anna's Mac", "Anna-s-Mac"],
    [undefined, "", "tank"],
    [undefined, "..\u0000/etc", "tank"],
    [undefined, "x".repeat(253), "x".repeat(64)],
  ])("are named after the node's name %p, else after the machine %p", (name, hostname, label) => {
    expect(tankLabel(name, hostname)).toBe(label);
  });

  test("stay within the bound of names when they are counted", async () => {
    const { made, tanks } = memory();
    const label = "x".repeat(64);
    await makeFirstTanks(tanks, new MemoryStore().journal, { ...wanted, tanks: 10, label });
    expect(made[9]?.name).toBe(`${"x".repeat(61)}-10`);
  });

  test("a single one has the plain name, and a seed of its own choice", async () => {
    const { made, tanks } = memory();
    await makeFirstTanks(tanks, new MemoryStore().journal, {
      ...wanted,
      tanks: 1,
      seed: undefined,
    });
    expect(made).toEqual([{ name: "left", description: "", fish: 9 }]);
  });

  test("are completed after a start that was cut short", async () => {
    const { journal } = new MemoryStore();
    const first = memory(2);
    await expect(makeFirstTanks(first.tanks, journal, wanted)).rejects.toThrow("full disk");
    const second = memory();
    second.made.push(...first.made);
    expect(await makeFirstTanks(second.tanks, journal, wanted)).toBe(1);
    expect(second.made.map(({ name }) => name)).toEqual(["left-1", "left-2", "left-3"]);
  });
});

describe("on_role_change", () => {
  function cluster() {
    let role: "discovering" | "hub" | "worker" = "discovering";
    let hubUrl: string | undefined;
    let changed = () => {};
    return {
      become: (next: typeof role, url: string | undefined) => {
        role = next;
        hubUrl = url;
        changed();
      },
      view: () => ({
        cluster: "tankd",
        role,
        hub: hubUrl === undefined ? undefined : ({ api_url: hubUrl } as ServerRecord),
        term: { counter: 1, node_id: "n" },
        roleReason: undefined,
        lease: undefined,
        backends: [],
        alone: undefined,
      }),
      onChange: (listener: () => void) => {
        changed = listener;
        return () => {};
      },
    };
  }

  test("hears where things stand, one run at a time, the latest state last", async () => {
    const told: Readonly<Record<string, string>>[] = [];
    const runs: PromiseWithResolvers<number>[] = [];
    const node = cluster();
    const cancel = runOnRoleChange(
      node,
      "notify",
      (command, variables) => {
        expect(command).toBe("notify");
        told.push(variables);
        const run = Promise.withResolvers<number>();
        runs.push(run);
        return run.promise;
      },
      silentLog,
    );
    node.become("worker", "http://a:1");
    node.become("worker", "http://b:1");
    node.become("hub", "http://c:1");
    expect(told).toEqual([{ TANKD_ROLE: "worker", TANKD_HUB_URL: "http://a:1" }]);
    runs[0]?.resolve(1);
    await Bun.sleep(0);
    expect(told.slice(1)).toEqual([{ TANKD_ROLE: "hub", TANKD_HUB_URL: "http://c:1" }]);
    runs[1]?.reject(new Error("no shell"));
    await Bun.sleep(0);
    node.become("hub", "http://c:1");
    expect(told).toHaveLength(2);
    node.become("discovering", undefined);
    expect(told.at(-1)).toEqual({ TANKD_ROLE: "discovering", TANKD_HUB_URL: "" });
    cancel();
  });
});

test("closers run backwards, and all of them", async () => {
  const closed: string[] = [];
  const closers = new Closers();
  closers.add(() => void closed.push("first"));
  closers.add(async () => {
    closed.push("second");
    throw new Error("stuck");
  });
  closers.add(() => void closed.push("third"));
  await expect(closers.close()).rejects.toThrow("stuck");
  expect(closed).toEqual(["third", "second", "first"]);
});

test.each([
  ["prot", "port"],
  ["PORT", "port"],
  ["xyz", undefined],
  ["p", undefined],
] as const)("%s is probably %s", (word, meant) => {
  expect(closest(word, ["port", "hub", "host"])).toBe(meant);
});

test("single timings take the place of the profile's", () => {
  const given = { heartbeatInterval: 1_000, peerRetries: 0, discoveryRefresh: undefined };
  const timing = timingOf("production", given);
  expect(timing).toEqual({ ...timingOf("production"), heartbeatMs: 1_000, peerRetries: 0 });
});

test("the timing table of the contract", () => {
  const of = (profile: Parameters<typeof timingOf>[0]) => {
    const { heartbeatMs, discoveryRefreshMs, healthCheckMs, discoveryTimeoutMs, pruneAfterMs } =
      timingOf(profile);
    return [heartbeatMs, discoveryRefreshMs, healthCheckMs, discoveryTimeoutMs, pruneAfterMs].map(
      (ms) => ms / 1000,
    );
  };
  expect(of("default")).toEqual([10, 30, 15, 5, 3600]);
  expect(of("development")).toEqual([2, 10, 5, 2, 600]);
  expect(of("production")).toEqual([30, 60, 30, 10, 86_400]);
});
