import { describe, expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { createNetworks } from "../../../src/platform/real/networks.ts";

function card(address: string): NetworkInterfaceInfo {
  const netmask = "255.255.255.0";
  const mac = "02:00:00:00:00:01";
  return { address, netmask, family: "IPv4", mac, internal: false, cidr: `${address}/24` };
}

/** A machine with one card, and how often the kernel was asked what. */
function setUp() {
  const kernel = { nowMs: 0, address: "10.0.0.1", index: 2, route: "eth0" };
  const asked = { interfaces: 0, details: 0 };
  const clock = { wallMs: () => kernel.nowMs, monotonicMs: () => kernel.nowMs };
  const networks = createNetworks(clock, {
    interfaces: () => {
      asked.interfaces++;
      return { eth0: [card(kernel.address)] };
    },
    indexes: () => {
      asked.details++;
      return new Map([["eth0", kernel.index]]);
    },
    defaultRoute: () => kernel.route,
  });
  const pass = (ms: number) => {
    kernel.nowMs += ms;
    return networks.addresses();
  };
  return { kernel, asked, networks, pass };
}

describe("the networks of a machine", () => {
  test("are read once for all who ask within a moment", () => {
    const { asked, networks, pass } = setUp();
    expect(pass(0)).toEqual([
      {
        interfaceName: "eth0",
        address: "10.0.0.1",
        family: "IPv4",
        internal: false,
        prefixLength: 24,
        interfaceIndex: 2,
      },
    ]);
    expect(networks.defaultRouteInterface()).toBe("eth0");
    pass(499);
    expect(asked).toEqual({ interfaces: 1, details: 1 });
  });

  test("are the same object until something has changed", () => {
    const { kernel, networks, pass } = setUp();
    const first = pass(0);
    expect(pass(5_000)).toBe(first);
    kernel.address = "10.0.0.7";
    expect(pass(500).map(({ address }) => address)).toEqual(["10.0.0.7"]);
    kernel.route = "wlan0";
    expect(networks.defaultRouteInterface()).toBe("eth0");
    pass(1_000);
    expect(networks.defaultRouteInterface()).toBe("wlan0");
  });

  test("show another card with the old address within a second or two", () => {
    const { kernel, pass } = setUp();
    pass(0);
    kernel.index = 3;
    expect(pass(500)[0]?.interfaceIndex).toBe(2);
    expect(pass(500)[0]?.interfaceIndex).toBe(3);
  });
});
