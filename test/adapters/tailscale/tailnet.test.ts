import { describe, expect, test } from "bun:test";
import { LOCAL_API_ORIGIN, LocalApi } from "../../../src/adapters/tailscale/local-api.ts";
import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { readStatus } from "../../../src/adapters/tailscale/status.ts";
import { Tailnet } from "../../../src/adapters/tailscale/tailnet.ts";
import { advertisedAddresses } from "../../../src/discovery/addresses.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { RUNNING, STOPPED } from "./recorded.ts";
import { DEVICE, userspaceTailnet } from "./userspace.ts";

const ETH0 = {
  interfaceName: "eth0",
  address: "10.0.0.5",
  family: "IPv4",
  internal: false,
} as const;
const TAILSCALE0 = { ...ETH0, interfaceName: "tailscale0", address: "100.64.0.1" };
const OWN = ["100.64.0.1", "fd7a:115c:a1e0:ab12:4843:cd96:6240:1"];

/** A machine with those interfaces, on which Tailscale runs. */
function setUp(proxy?: string) {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "a" }).boot();
  let interfaces: readonly InterfaceAddress[] = [ETH0];
  const machine = { ...host.machine, addresses: () => interfaces };
  const socket = "/nowhere/tailscaled.sock";
  const tailnet = new Tailnet(machine, proxy, new LocalApis({ socket, platform: "linux" }));
  const localApi = new LocalApi({ origin: LOCAL_API_ORIGIN, socketPath: socket });
  const sees = (status: unknown) =>
    tailnet.update(readStatus(status), status === undefined ? undefined : localApi);
  const has = (...list: readonly InterfaceAddress[]) => {
    interfaces = list;
  };
  return { world, host, tailnet, machine: tailnet.extend(machine), sees, has };
}

describe("a tailnet without a network interface", () => {
  test("is behind tailscaled, and its addresses are announced like all others", () => {
    const { tailnet, machine, sees } = setUp();
    expect(machine.addresses()).toEqual([ETH0]);
    sees(RUNNING);
    expect(tailnet.isUserspace).toBe(true);
    expect(tailnet.isBehindDaemon("100.64.0.2")).toBe(true);
    expect(tailnet.isBehindDaemon("10.0.0.9")).toBe(false);
    expect(machine.addresses().map(({ address }) => address)).toEqual([ETH0.address, ...OWN]);
    const inputs = { port: 8000, listenHost: undefined, advertise: [] };
    const interfaces = machine.addresses();
    const told = advertisedAddresses({ ...inputs, interfaces, defaultRouteInterface: "eth0" });
    expect(told.map(({ host }) => host)).toEqual([ETH0.address, ...OWN]);
  });

  test("changes the list of addresses only when one is new", () => {
    const { machine, sees } = setUp();
    sees(RUNNING);
    const before = machine.addresses();
    sees(RUNNING);
    expect(machine.addresses()).toBe(before);
    sees(STOPPED);
    expect(machine.addresses()).toEqual([ETH0]);
  });

  test("stays behind tailscaled while that is not connected: elsewhere are others", async () => {
    const { tailnet, sees } = setUp();
    sees(RUNNING);
    sees(STOPPED);
    expect([tailnet.isUserspace, tailnet.isBehindDaemon("100.64.0.2")]).toEqual([false, true]);
    const dial = () => tailnet.open("100.64.0.2", 8000).catch((error: unknown) => error);
    const failure = await dial();
    expect(failure).toBeInstanceOf(NetworkError);
    expect(failure).toMatchObject({ failure: "unreachable", reason: "Tailscale is not connected" });
    sees(undefined);
    expect(tailnet.isBehindDaemon("100.64.0.2")).toBe(true);
    // It may dial, though it does not say how it is.
    sees(RUNNING);
    sees(undefined);
    expect(await dial()).toMatchObject({ failure: "unreachable", reason: "no such socket" });
  });

  test("stays behind tailscaled where only the control server tells of it", () => {
    const { tailnet, sees } = setUp();
    sees(RUNNING);
    sees({ ...RUNNING, TailscaleIPs: [] });
    expect(tailnet.isBehindDaemon(DEVICE)).toBe(true);
  });

  test("is known by one look, and announced by whoever follows it", async () => {
    const { api, tailnet } = await userspaceTailnet(1);
    expect([tailnet.isBehindDaemon(DEVICE), tailnet.isUserspace]).toEqual([true, false]);
    api.mood = "garbage";
    await tailnet.meet();
    expect([tailnet.isBehindDaemon(DEVICE), tailnet.isUserspace]).toEqual([true, false]);
    await api.close();
  });
});

test("a tailnet with a network interface is like any network", () => {
  const { tailnet, machine, sees, has } = setUp();
  has(ETH0, TAILSCALE0);
  sees(RUNNING);
  expect([tailnet.isUserspace, tailnet.isBehindDaemon("100.64.0.2")]).toEqual([false, false]);
  expect(machine.addresses()).toEqual([ETH0, TAILSCALE0]);
});

test("before anything was seen nothing is different", () => {
  const { tailnet, machine } = setUp();
  expect([tailnet.isUserspace, tailnet.isBehindDaemon("100.64.0.2")]).toEqual([false, false]);
  expect(machine.addresses()).toEqual([ETH0]);
  expect(tailnet.addressesOf("node-b.tail-test.ts.net")).toBeUndefined();
});

test("devices are known by their full names, and this one by its own", () => {
  const { tailnet, sees } = setUp();
  expect(tailnet.ownNames).toEqual([]);
  sees(RUNNING);
  expect(tailnet.ownNames).toEqual(["node-a.tail-test.ts.net"]);
  const node = ["100.64.0.2", "fd7a:115c:a1e0:ab12:4843:cd96:6240:2"];
  expect(tailnet.addressesOf("node-b.tail-test.ts.net")).toEqual(node);
  expect(tailnet.addressesOf("Node-B.tail-test.ts.net.")).toEqual(node);
  for (const name of ["node-b", "example.org", ""]) {
    expect(tailnet.addressesOf(name)).toBeUndefined();
  }
});
