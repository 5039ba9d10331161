import { describe, expect, test } from "bun:test";
import { LocalApis } from "../../src/adapters/tailscale/local-apis.ts";
import { Tailnet } from "../../src/adapters/tailscale/tailnet.ts";
import type { DiscoveryBackend } from "../../src/discovery/backend.ts";
import { type BackendDeps, createBackends, likelyPorts } from "../../src/node/backends.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { announcementOf } from "../discovery/announcement.ts";
import { defaultSettings } from "./settings/default-settings.ts";

const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
const hub = { host: "10.0.0.9", port: 8000 };

function backends(
  wanted: readonly string[],
  hubs = [hub],
  settings: Partial<BackendDeps["settings"]> = {},
  remembered: BackendDeps["remembered"] = [],
  faults: BackendDeps["faults"] = [],
): readonly DiscoveryBackend[] {
  const localApis = new LocalApis({ socket: undefined, platform: host.machine.platform });
  const tailnet = new Tailnet(host.machine, undefined, localApis);
  const chosen = { ...defaultSettings(), ...settings };
  const deps = { ...host, log: silentLog, tailnet, hubs, remembered, settings: chosen, faults };
  return createBackends(wanted, deps);
}

/** Those that are used whatever else is on this machine. */
function names(...choice: Parameters<typeof backends>): readonly string[] {
  return backends(...choice).flatMap(({ name, isThere }) => (isThere === undefined ? name : []));
}

describe("the choice of backends", () => {
  test("auto is mDNS, what settings name, and what is found on this machine", () => {
    expect(names(["auto"], [])).toEqual(["mdns"]);
    expect(names(["auto"])).toEqual(["mdns", "hub"]);
    expect(names(["none"], [])).toEqual([]);
    expect(names(["mdns", "hub"])).toEqual(["mdns", "hub"]);
    expect(names(["none"])).toEqual(["hub"]);
    expect(names(["auto"], [], { static: ["10.0.0.7"] })).toEqual(["mdns", "static"]);
    const etcdEndpoints = ["etcd:2379"];
    expect(names(["auto"], [], { etcdEndpoints })).toEqual(["mdns", "etcd"]);
    expect(names(["etcd"], [])).toEqual(["etcd"]);
  });

  test("Consul is looked for on this machine unless an agent is named or a token given", () => {
    const isOptional = (settings: Partial<BackendDeps["settings"]>) =>
      backends(["auto"], [], settings).find(({ name }) => name === "consul")?.isThere !== undefined;
    expect(isOptional({})).toBe(true);
    expect(isOptional({ consul: "10.0.0.5:8500" })).toBe(false);
    expect(isOptional({ consulToken: "b1gs33cr3t" })).toBe(false);
  });

  test("auto looks for a Serf agent, unless somebody has said that there is one", () => {
    const isOptional = (settings: Partial<BackendDeps["settings"]>, words = ["auto"]) =>
      backends(words, [], settings).find(({ name }) => name === "serf")?.isThere !== undefined;
    expect(isOptional({})).toBe(true);
    expect(isOptional({ serfJoin: ["10.0.0.7"] })).toBe(false);
    expect(isOptional({ serfRpcAddr: "10.0.0.7" })).toBe(false);
    expect(isOptional({}, ["serf"])).toBe(false);
  });

  test("names in DNS are asked once there are any", () => {
    expect(names(["auto"], [], { dns: ["tanks.example.org"] })).toEqual(["mdns", "dns"]);
    expect(names(["dns"], [], { dns: ["tanks.example.org"] })).toEqual(["dns"]);
  });

  test("who was met before is asked by auto or by name, and never without", () => {
    const remembered = [{ nodeId: "peer", addresses: [{ host: "10.0.0.7", port: 8000 }] }];
    expect(names(["auto"], [], {}, remembered)).toEqual(["remembered", "mdns"]);
    expect(names(["none"], [], {}, remembered)).toEqual([]);
    expect(names(["mdns"], [], {}, remembered)).toEqual(["mdns"]);
    expect(names(["mdns", "remembered"], [])).toEqual(["remembered", "mdns"]);
  });

  describe("with settings that cannot be read", () => {
    const faults = [
      { backend: "etcd", reason: "No etcd." },
      { backend: "hub", reason: "No URL." },
      { backend: "etcd", reason: "No user." },
    ] as const;
    const made = (...words: readonly string[]) => backends(words, [], {}, [], faults);
    const named = (...words: readonly string[]) => made(...words).map(({ name }) => name);

    test("one only says so, for all of them, and the others go on", async () => {
      const [mdns, etcd, hub] = made("mdns", "etcd");
      expect([mdns, etcd, hub].map((one) => one?.name)).toEqual(["mdns", "etcd", "hub"]);
      await expect(etcd?.start(announcementOf(), () => {})).rejects.toThrow(/^No etcd. No user.$/);
      await etcd?.stop();
    });

    test("one that nobody has asked for is not there; hubs always are", () => {
      expect(named("mdns")).toEqual(["mdns", "hub"]);
      expect(named("none")).toEqual(["hub"]);
      expect(named("auto")).toContain("etcd");
    });

    test("the choice of them has a line of its own", () => {
      const ofChoice = [{ backend: "discovery", reason: "?" }] as const;
      const found = backends(["mdns"], [], {}, [], ofChoice);
      expect(found.map(({ name }) => name)).toEqual(["mdns", "discovery"]);
    });
  });
});

test("an unknown device may listen where others do, and where tankd moves to", () => {
  const at = (...ports: number[]) => ports.map((port) => ({ host: "100.64.0.7", port }));
  const remembered = [{ nodeId: "reef", addresses: at(9000, 8000) }];
  const settings = { static: ["10.0.0.7:9100"] };
  expect(likelyPorts({ settings, hubs: at(9200), remembered })).toEqual([
    8000, 9200, 9100, 9000, 8001, 8002,
  ]);
});
