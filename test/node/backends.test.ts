import { describe, expect, test } from "bun:test";
import type { DiscoveryBackend } from "../../src/discovery/backend.ts";
import { OptionalBackend } from "../../src/discovery/optional-backend.ts";
import { type BackendDeps, createBackends } from "../../src/node/backends.ts";
import { Problem } from "../../src/platform/errors.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { defaultSettings } from "./default-settings.ts";

const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
const hub = { host: "10.0.0.9", port: 8000 };

function make(
  wanted: readonly string[],
  hubs = [hub],
  settings: Partial<BackendDeps["settings"]> = {},
): readonly DiscoveryBackend[] {
  const deps = { ...host, log: silentLog, hubs, settings: { ...defaultSettings(), ...settings } };
  return createBackends(wanted, deps);
}

function names(...choice: Parameters<typeof make>): readonly string[] {
  return make(...choice).map(({ name }) => name);
}

describe("the choice of backends", () => {
  test("auto is mDNS, the hubs that were named, and what is found on this machine", () => {
    expect(names(["auto"], [])).toEqual(["mdns", "serf"]);
    expect(names(["auto"])).toEqual(["mdns", "hub", "serf"]);
    expect(names(["none"], [])).toEqual([]);
    expect(names(["mdns", "hub"])).toEqual(["mdns", "hub"]);
    expect(names(["none"])).toEqual(["hub"]);
    expect(names(["auto"], [], { static: ["10.0.0.7"] })).toEqual(["mdns", "static", "serf"]);
  });

  test("auto looks for a Serf agent, unless somebody has said that there is one", () => {
    const isOptional = (settings: Partial<BackendDeps["settings"]>, words = ["auto"]) =>
      make(words, [], settings).find(({ name }) => name === "serf") instanceof OptionalBackend;
    expect(isOptional({})).toBe(true);
    expect(isOptional({ serfJoin: ["10.0.0.7"] })).toBe(false);
    expect(isOptional({ serfRpcAddr: "10.0.0.7" })).toBe(false);
    expect(isOptional({}, ["serf"])).toBe(false);
  });

  test("an unknown one is a bad setting that names the known ones", () => {
    expect(() => names(["zeroconf"])).toThrow(
      'There is no discovery backend "zeroconf"; give mdns, hub, static, serf, auto, none.',
    );
    expect(() => names(["toString"])).toThrow(Problem);
  });
});
