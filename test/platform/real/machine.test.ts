import { expect, spyOn, test } from "bun:test";
import { randomHex } from "../../../src/platform/random.ts";
import { parseIpv6Route, parseRoute } from "../../../src/platform/real/default-route.ts";
import { parseInterfaceIndexes } from "../../../src/platform/real/interface-indexes.ts";
import { usableMemory } from "../../../src/platform/real/machine.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";

const platform = createRealPlatform();

test("memory is that of the control group where it has a limit", () => {
  expect(usableMemory(8_000, 300)).toBe(300);
  expect(usableMemory(8_000, 0)).toBe(8_000);
  expect(usableMemory(8_000, 2 ** 63)).toBe(8_000);
});

test("the machine tells what it has", () => {
  const { machine } = platform;
  expect(machine.hostname).not.toBe("");
  expect(machine.cpuCores).toBeGreaterThan(0);
  expect(machine.memoryBytes).toBeGreaterThan(2 ** 20);
  expect(machine.addresses().some((one) => one.internal)).toBe(true);
  expect(machine.usage().residentBytes).toBeGreaterThan(2 ** 20);
  expect(machine.usage().cpuPercent).toBeGreaterThanOrEqual(0);
});

test("the default route is the usable one of lowest metric, in the kernel's table", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t010110AC\t0003\t0\t0\t100\t00000000\t0\t0\t0",
    "down0\t00000000\t010110AC\t0002\t0\t0\t1\t00000000\t0\t0\t0",
    "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
    "half0\t00000000\t010110AC\t0003\t0\t0\t1\t00000080\t0\t0\t0",
    "",
  ];
  expect(table.flatMap(parseRoute)).toEqual([{ interfaceName: "eth0", metric: 100 }]);
});

test("the IPv6 table also holds routes that reject, which are none", () => {
  const zero = "0".repeat(32);
  const gateway = "fe80000000000000000000000000000a";
  const line = (destination: string, length: string, flags: string, name: string) =>
    `${destination} ${length} ${zero} 00 ${gateway} 00000400 00000001 00000000 ${flags}    ${name}`;
  const table = [
    line(zero, "00", "00000003", "wlan0"),
    line(zero, "00", "00200200", "lo"),
    line(zero, "00", "00000201", "eth1"),
    line("fd".padEnd(32, "0"), "40", "00000001", "eth0"),
  ];
  expect(table.flatMap(parseIpv6Route)).toEqual([{ interfaceName: "wlan0", metric: 0x400 }]);
});

test("interfaces have numbers, which the kernel tells", () => {
  const table = [
    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter",
    "1\tlo        :     1      V3",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
    "12\teth0.100@if3:     2      V3",
    "\t\t\t\tFB0000E0     1 0:00000000\t\t0",
    "",
  ];
  expect([...parseInterfaceIndexes(table.join("\n"))]).toEqual([
    ["lo", 1],
    ["eth0.100@if3", 12],
  ]);
  const { machine } = createRealPlatform();
  const read = machine.addresses();
  const loopback = read.find(({ internal, family }) => internal && family === "IPv4");
  expect(loopback).toMatchObject({ prefixLength: 8 });
  if (process.platform === "linux") expect(loopback?.interfaceIndex).toBeGreaterThan(0);
});

test("randomness is not the same twice and stays in its bounds", () => {
  expect(randomHex(platform.random, 16)).toMatch(/^[0-9a-f]{32}$/);
  expect(randomHex(platform.random, 16)).not.toBe(randomHex(platform.random, 16));
  for (let draw = 0; draw < 1000; draw++) {
    const unit = platform.random.unit();
    expect(unit >= 0 && unit < 1).toBe(true);
  }
});

test("timers fire in order, and not when cancelled or a month away", async () => {
  const fired: string[] = [];
  const { after } = platform.timers;
  const cancelled = after(1, () => fired.push("cancelled"));
  const month = after(40 * 86_400_000, () => fired.push("month"));
  cancelled();
  await new Promise<void>((resolve) => {
    after(5, () => fired.push("first"));
    after(20, () => {
      fired.push("second");
      resolve();
    });
  });
  month();
  month();
  expect(fired).toEqual(["first", "second"]);
});

test("usage is told even while no file can be opened, /proc among them", () => {
  const { residentBytes } = platform.machine.usage();
  expect(residentBytes).toBeGreaterThan(0);
  const reading = spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw new Error("Failed to get memory usage");
  });
  expect(platform.machine.usage().residentBytes).toBe(residentBytes);
  reading.mockRestore();
});
