import { describe, expect, test } from "bun:test";
import { type DialPolicy, dialable, targetsOf } from "../../../src/cluster/peers/dial-policy.ts";
import { NetworkError } from "../../../src/platform/network.ts";

describe("addresses that others name", () => {
  const at = (...hosts: readonly string[]) => hosts.map((host) => ({ host, port: 80 }));
  const hostsOf = (addresses: readonly { readonly host: string }[]) =>
    addresses.map(({ host }) => host);
  const policy = { own: ["10.0.0.1"], onLoopback: false, onLinkLocal: false };
  const all = at(
    "10.0.0.2",
    "127.0.0.1",
    "::1",
    "localhost",
    "169.254.169.254",
    "fe80::1",
    "example.org",
  );

  test("are dialled, but for loopback and link-local", () => {
    expect(hostsOf(dialable(all, policy))).toEqual(["10.0.0.2", "example.org"]);
    expect(hostsOf(dialable(all, policy, "10.0.0.2"))).toEqual(["10.0.0.2", "example.org"]);
  });

  test("may be loopback from this machine, or where there is nothing else", () => {
    const local = ["10.0.0.2", "127.0.0.1", "::1", "localhost", "example.org"];
    expect(hostsOf(dialable(all, policy, "127.0.0.1"))).toEqual(local);
    expect(hostsOf(dialable(all, policy, "10.0.0.1"))).toEqual(local);
    expect(hostsOf(dialable(all, { ...policy, onLoopback: true }))).toEqual(local);
  });

  test.each([
    "2130706433",
    "0x7f.1",
    "127.1",
    "127.0.0.1.",
    "LOCALHOST.",
    "a.localhost",
    "0.0.0.0",
    "::",
    "0:0::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "169.254.43518",
    "0xA9FEA9FE",
    "::FFFF:169.254.169.254",
    "FE80::1",
    "fe80::1%eth0",
    "a/b",
    "user@10.0.0.2",
    "10.0.0.2:81",
    "10.0.0.2#",
    "",
  ])("are not dialled in another spelling of those, or as no host at all: %s", (host) => {
    expect(dialable(at(host), policy)).toEqual([]);
  });

  test.each(["tank-hub", "fd00::1", "::ffff:10.0.0.2", "127.example.org", "küche.local", "a_b"])(
    "are dialled: %s",
    (host) => {
      expect(hostsOf(dialable(at(host), policy))).toEqual([host]);
    },
  );

  test("may be link-local from a neighbour that is", () => {
    expect(hostsOf(dialable(at("169.254.1.2"), policy, "169.254.1.2"))).toEqual(["169.254.1.2"]);
  });

  test("may be link-local where this node has nothing else", () => {
    const own = { own: ["fe80::1"], onLoopback: false, onLinkLocal: true };
    expect(hostsOf(dialable(at("fe80::2"), own))).toEqual(["fe80::2"]);
  });
});

describe("a name that is dialled", () => {
  const policy: DialPolicy = { own: ["10.0.0.1"], onLoopback: false, onLinkLocal: false };
  const asked: string[] = [];
  const network = {
    resolve: async (host: string) => {
      asked.push(host);
      if (host === "unknown.example") throw new NetworkError("unreachable", "no such name");
      if (host === "crowd.example") return Array.from({ length: 99 }, (_, n) => `10.1.0.${n}`);
      return [
        "10.0.0.2",
        "127.0.0.1",
        "::1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "fe80::1",
        "fd00::1",
      ];
    },
  };
  const reef = { host: "reef.example", port: 80 };
  const places = async (host: string, asIs: DialPolicy | undefined) => {
    const targets = await targetsOf({ host, port: 80 }, network, asIs);
    return targets.map(({ connectTo }) => connectTo);
  };

  test("of others stands for exactly those of its addresses that may be dialled", async () => {
    expect(await targetsOf(reef, network, policy)).toEqual([
      { ...reef, connectTo: "10.0.0.2" },
      { ...reef, connectTo: "fd00::1" },
    ]);
  });

  test("leads to this machine's services only for want of others, never to metadata", async () => {
    const local = await places("reef.example", { ...policy, onLoopback: true });
    expect(local).toContain("127.0.0.1");
    expect(local).not.toContain("169.254.169.254");
  });

  test("of the operator stands for all of them", async () => {
    expect(await places("reef.example", undefined)).toHaveLength(7);
  });

  test("with more addresses than a host has is not dialled everywhere", async () => {
    expect(await places("crowd.example", policy)).toHaveLength(16);
  });

  test("that is an IP is dialled as it is, and nobody is asked about it", async () => {
    asked.length = 0;
    for (const host of ["10.0.0.9", "fd00::2", "fe80::1%eth0"]) {
      expect(await targetsOf({ host, port: 80 }, network, policy)).toEqual([{ host, port: 80 }]);
    }
    expect(asked).toEqual([]);
  });

  test("that is link-local without a zone is itself on each link, not judged again", async () => {
    const links = { resolve: async (host: string) => [`${host}%eth0`, `${host}%wlan0`] };
    const near = { host: "fe80::2", port: 80 };
    expect(await targetsOf(near, links, policy)).toEqual([
      { ...near, connectTo: "fe80::2%eth0" },
      { ...near, connectTo: "fe80::2%wlan0" },
    ]);
  });

  test("and is not known rejects", () => {
    expect(places("unknown.example", policy)).rejects.toBeInstanceOf(NetworkError);
  });
});
