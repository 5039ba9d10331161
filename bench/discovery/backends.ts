/** What is measured, and what each needs beside the program. */
import type { Node } from "../../test/support/node.ts";
import { startConsul, startDns, startEtcd, startSerf } from "./servers.ts";
import type { World } from "./world.ts";

/** Options of `tankd start` on a machine, the other node being on another. */
export type Flags = (self: Node, other: Node) => readonly string[];

export interface Backend {
  readonly name: string;
  /** What must be installed. */
  readonly programs: readonly string[];
  /** Starts what it needs. */
  setUp(world: World): Promise<Flags>;
}

const discovery = (name: string, ...more: readonly string[]) => ["--discovery", name, ...more];

/** What all others are compared with: who is given the hub's URL has nothing to discover. */
export const HUB: Backend = {
  name: "hub",
  programs: [],
  setUp: async ({ first }) => {
    return (self, { url }) => (self === first ? discovery("none") : discovery("hub", "--hub", url));
  },
};

const TAILSCALE: Backend = {
  name: "tailscale",
  programs: [],
  setUp: async ({ lab, first, second, atEnd }) => {
    const { TestTailnet } = await import("../../test/adapters/tailscale/tailnet.ts");
    const tailnet = await TestTailnet.open(lab);
    atEnd(() => tailnet.close());
    const one = await tailnet.join(first, "userspace");
    const other = await tailnet.join(second, "userspace");
    const socketOf = (node: Node) => (node === first ? one : other).socket;
    return (self) => discovery("tailscale", "--tailscale-socket", socketOf(self));
  },
};

/** In the order of the tables. */
export const BACKENDS: readonly Backend[] = [
  HUB,
  {
    name: "static",
    programs: [],
    setUp: async () => (_, other) => discovery("static", "--static", other.address),
  },
  {
    name: "mdns",
    programs: [],
    setUp: async () => () => discovery("mdns"),
  },
  {
    name: "serf",
    programs: ["serf"],
    setUp: async (world) => {
      await startSerf(world);
      return () => discovery("serf");
    },
  },
  {
    name: "etcd",
    programs: ["etcd"],
    setUp: async (world) => {
      const url = await startEtcd(world);
      return () => discovery("etcd", "--etcd-endpoints", url);
    },
  },
  {
    name: "consul",
    programs: [],
    setUp: async (world) => {
      const url = await startConsul(world);
      return () => discovery("consul", "--consul", url);
    },
  },
  {
    name: "dns",
    programs: ["dnsmasq"],
    setUp: async (world) => {
      const name = await startDns(world);
      return () => discovery("dns", "--dns", name);
    },
  },
  TAILSCALE,
];

/** The same machines for all of {@link ALTERNATIVES}: only what the nodes are told differs. */
export const ALL_AT_ONCE: Backend = {
  name: "all at once",
  programs: ["serf", "etcd"],
  setUp: async (world) => {
    const etcd = await startEtcd(world);
    const consul = await startConsul(world);
    await startSerf(world);
    return () => discovery("auto", "--etcd-endpoints", etcd, "--consul", consul);
  },
};
/** What then must work on each node. */
export const ALL_NAMES = ["mdns", "serf", "consul", "etcd", "static"];

/** The last is what the others are compared with. */
export const ALTERNATIVES: readonly {
  readonly name: string;
  readonly flagsOf: (all: Flags, world: World) => Flags;
}[] = [
  {
    name: "auto: mdns, serf, etcd, consul, static",
    flagsOf: (all) => (self, other) => [...all(self, other), "--static", other.address],
  },
  {
    name: "the same; static names a machine without a node",
    flagsOf:
      (all, { server }) =>
      (self, other) => [...all(self, other), "--static", server.address],
  },
  { name: "mdns alone", flagsOf: () => () => discovery("mdns") },
];
