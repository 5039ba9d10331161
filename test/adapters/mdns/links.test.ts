import { describe, expect, test } from "bun:test";
import { hostsOn, isOnLink, linksOf } from "../../../src/adapters/mdns/links.ts";
import { chooseInterfaces } from "../../../src/platform/interface-choice.ts";
import type { InterfaceAddress, Machine } from "../../../src/platform/machine.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

const { machine: simulated } = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" });

function card(interfaceName: string, cidr: string, internal = false): InterfaceAddress {
  const [address = "", bits] = cidr.split("/");
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { interfaceName, address, family, internal, prefixLength: Number(bits) };
}

function machineWith(addresses: readonly InterfaceAddress[]): Machine {
  return { ...simulated, addresses: () => addresses, defaultRouteInterface: () => "eth0" };
}

function linksOn(machine: Machine) {
  return linksOf(machine.addresses(), machine.defaultRouteInterface());
}

const lo = card("lo", "127.0.0.1/8", true);
const cards = [
  lo,
  card("eth0", "192.168.1.10/24"),
  card("eth0", "fe80::1/64"),
  card("eth0", "2001:db8::10/64"),
  card("wlan0", "fe80::2/64"),
  card("docker0", "172.17.0.1/16"),
];

describe("the links of a machine", () => {
  test("are its usable interfaces with all their addresses", () => {
    const links = linksOn(machineWith(cards));
    expect(links.map(({ name, addresses }) => [name, addresses.length])).toEqual([
      ["eth0", 3],
      ["wlan0", 1],
    ]);
  });

  test("are loopback where there is nothing else", () => {
    expect(linksOn(machineWith([lo]))).toMatchObject([{ name: "lo", isLoopback: true }]);
    expect(linksOn(machineWith([]))).toEqual([]);
  });

  test("are what the operator chose", () => {
    const names = (...patterns: readonly string[]) =>
      linksOn(chooseInterfaces(machineWith(cards), patterns)).map(({ name }) => name);
    expect(names("docker0")).toEqual(["docker0"]);
    expect(names("!eth*")).toEqual(["wlan0"]);
    expect(names("*0", "!wlan?")).toEqual(["eth0", "docker0"]);
    expect(names("eth1")).toEqual([]);
    // A dot is a dot.
    expect(names("eth.")).toEqual([]);
    expect(chooseInterfaces(machineWith(cards), ["eth1"]).addresses()).toHaveLength(cards.length);
  });

  test("are missed where the operator has named what is not there", () => {
    const missed = (...patterns: readonly string[]) =>
      chooseInterfaces(machineWith(cards), patterns).unmatchedInterfaces?.() ?? [];
    expect(missed("eth*", "nope0", "!tun*", "wl?")).toEqual(["nope0", "wl?"]);
    expect(missed("*")).toEqual([]);
    expect(missed()).toEqual([]);
  });
});

describe("a link", () => {
  const [eth0, wlan0] = linksOn(machineWith(cards));
  if (!eth0 || !wlan0) throw new Error("the links are missing");

  test("takes packets of its own networks only", () => {
    const senders = ["192.168.1.77", "2001:db8::7", "fe80::7%eth0"];
    expect(senders.map((one) => isOnLink(eth0, one))).toEqual([true, true, true]);
    const strangers = ["192.168.2.77", "2001:db8:1::7", "fe80::7%wlan0", "8.8.8.8", "nonsense"];
    expect(strangers.map((one) => isOnLink(eth0, one))).toEqual(Array(5).fill(false));
  });

  test("says its own addresses and those that the operator named", () => {
    const announced = [
      "192.168.1.10",
      "2001:db8::10",
      "fe80::2%wlan0",
      "203.0.113.7",
      "192.168.1.9",
      "tank.example.org",
    ].map((host) => ({ host, port: 8000 }));
    const own = new Set([...cards.map(({ address }) => address), "192.168.1.9"]);
    const hosts = (link: typeof eth0) => hostsOn(link, announced, own).map(({ host }) => host);
    expect(hosts(eth0)).toEqual(["192.168.1.10", "2001:db8::10", "203.0.113.7"]);
    expect(hosts(wlan0)).toEqual(["fe80::2", "203.0.113.7"]);
  });
});
