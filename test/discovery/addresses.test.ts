import { describe, expect, test } from "bun:test";
import { advertisedAddresses } from "../../src/discovery/addresses.ts";
import type { InterfaceAddress } from "../../src/platform/machine.ts";

function card(interfaceName: string, address: string, internal = false): InterfaceAddress {
  return { interfaceName, address, family: address.includes(":") ? "IPv6" : "IPv4", internal };
}

const lo = [card("lo", "127.0.0.1", true), card("lo", "::1", true)];
const docker = card("docker0", "172.17.0.1");
const bridge = card("br-0a1b", "172.18.0.1");
const veth = card("veth12", "169.254.3.4");
const eth = card("eth0", "192.168.1.10");
const eth6 = card("eth0", "2001:db8::10");
const wifi = card("wlan0", "192.168.2.10");

function hosts(
  interfaces: readonly InterfaceAddress[],
  more: Partial<Parameters<typeof advertisedAddresses>[0]> = {},
): readonly string[] {
  const inputs = {
    port: 8000,
    listenHost: undefined,
    advertise: [],
    defaultRouteInterface: undefined,
  };
  return advertisedAddresses({ ...inputs, interfaces, ...more }).map(({ host }) => host);
}

describe("advertised addresses", () => {
  test("leave out loopback and the host's plumbing", () => {
    expect(hosts([...lo, docker, bridge, veth, eth])).toEqual(["192.168.1.10"]);
    const plumbing = ["virbr0", "cni0", "docker_gwbridge", "podman1", "lxdbr0", "lxcbr0"];
    plumbing.push("incusbr0", "vboxnet0", "vmnet8", "flannel.1", "cali01ab");
    const others = plumbing.map((name) => card(name, "10.1.1.1"));
    expect(hosts([...others, eth])).toEqual(["192.168.1.10"]);
  });

  test("never leave out the interface of the default route", () => {
    expect(
      hosts([...lo, docker, card("br-lan", "10.0.0.2"), eth], { defaultRouteInterface: "br-lan" }),
    ).toEqual(["10.0.0.2", "192.168.1.10"]);
  });

  test("if nothing remains are all but loopback, and loopback where there is nothing else", () => {
    expect(hosts([...lo, docker, bridge])).toEqual(["172.17.0.1", "172.18.0.1"]);
    expect(hosts(lo)).toEqual(["127.0.0.1", "::1"]);
    expect(hosts([])).toEqual([]);
  });

  test("begin with the default route's, IPv4 before IPv6", () => {
    const all = [eth6, card("eth0", "fe80::1"), eth, wifi];
    expect(hosts(all, { defaultRouteInterface: "wlan0" })).toEqual([
      "192.168.2.10",
      "192.168.1.10",
      "2001:db8::10",
    ]);
  });

  test("are link-local, without our zone, only of an interface that has no other, and last", () => {
    expect(hosts([card("eth0", "fe80::1"), ...lo])).toEqual(["fe80::1"]);
    expect(hosts([card("eth0", "169.254.8.9"), ...lo])).toEqual(["169.254.8.9"]);
    const mixed = [card("eth0", "fe80::1"), card("eth0", "169.254.8.9"), eth6, wifi];
    expect(hosts([...mixed, card("eth1", "fe80::2")])).toEqual([
      "192.168.2.10",
      "2001:db8::10",
      "fe80::2",
    ]);
  });

  test("follow what the operator chose and excluded", () => {
    const chosen = { ...docker, chosen: true };
    expect(hosts([...lo, chosen, { ...eth, chosen: false }])).toEqual(["172.17.0.1"]);
    const excluded = { ...eth, chosen: false };
    expect(hosts([excluded, wifi], { defaultRouteInterface: "eth0" })).toEqual(["192.168.2.10"]);
    expect(hosts([excluded])).toEqual([]);
  });

  test("are the operator's where he named some, with their ports", () => {
    const advertise = [{ host: "203.0.113.7", port: 80 }];
    expect(
      advertisedAddresses({
        port: 8000,
        listenHost: "127.0.0.1",
        advertise,
        interfaces: [eth],
        defaultRouteInterface: undefined,
      }),
    ).toEqual(advertise);
  });

  test("are where the API listens, if it listens at one address only", () => {
    expect(hosts([eth, wifi], { listenHost: "192.168.2.10" })).toEqual(["192.168.2.10"]);
    expect(hosts([eth], { listenHost: "0.0.0.0" })).toEqual(["192.168.1.10"]);
    expect(hosts([eth], { listenHost: "::" })).toEqual(["192.168.1.10"]);
  });

  test("are at most eight", () => {
    expect(
      hosts(Array.from({ length: 20 }, (_, n) => card(`eth${n}`, `10.0.${n}.1`))),
    ).toHaveLength(8);
  });
});
