import { describe, expect, test } from "bun:test";
import { BACKEND_CHOICES, BACKEND_NAMES } from "../../src/discovery/backend-names.ts";
import { type BackendDeps, createBackends } from "../../src/node/backends.ts";
import { Problem } from "../../src/platform/errors.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { defaultSettings } from "./default-settings.ts";

const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
const hub = { host: "10.0.0.9", port: 8000 };

function names(
  wanted: readonly string[],
  hubs = [hub],
  settings: Partial<BackendDeps["settings"]> = {},
  remembered: BackendDeps["remembered"] = [],
): readonly string[] {
  const deps = {
    ...host,
    log: silentLog,
    hubs,
    remembered,
    settings: { ...defaultSettings(), ...settings },
  };
  return createBackends(wanted, deps).map(({ name }) => name);
}

describe("the choice of backends", () => {
  test("auto is mDNS, and the hubs that were named", () => {
    expect(names(["auto"], [])).toEqual(["mdns"]);
    expect(names(["auto"])).toEqual(["mdns", "hub"]);
    expect(names(["none"], [])).toEqual([]);
    expect(names(["mdns", "hub"])).toEqual(["mdns", "hub"]);
    expect(names(["none"])).toEqual(["hub"]);
    expect(names(["auto"], [], { static: ["10.0.0.7"] })).toEqual(["mdns", "static"]);
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

  test("an unknown one is a bad setting that names the known ones", () => {
    expect(() => names(["zeroconf"])).toThrow(
      `There is no discovery backend "zeroconf"; give ${[...BACKEND_NAMES, ...BACKEND_CHOICES].join(", ")}.`,
    );
    expect(() => names(["toString"])).toThrow(Problem);
  });
});
