import { describe, expect, test } from "bun:test";
import { createBackends } from "../../src/node/backends.ts";
import { Problem } from "../../src/platform/errors.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";

const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
const hub = { host: "10.0.0.9", port: 8000 };

function names(wanted: readonly string[], hubs = [hub]): readonly string[] {
  return createBackends(wanted, { ...host, log: silentLog, hubs }).map(({ name }) => name);
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
