import { describe, expect, test } from "bun:test";
import { NetworkError } from "../../../src/platform/network.ts";
import type { HostOptions, SimulatedHost } from "../../../src/platform/simulated/host.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

const PORT = 8000;

/** A host that says its own name and as whom it sees the asker. */
function server(world: SimulatedWorld, options: HostOptions): SimulatedHost {
  const host = world.addHost(options);
  host.boot().listen(PORT, async ({ remoteAddress }) => ({
    status: 200,
    headers: {},
    body: `${host.name} sees ${remoteAddress}`,
  }));
  return host;
}

/** What the other end says, or why nothing was heard. */
async function asked(
  world: SimulatedWorld,
  from: SimulatedHost,
  host: string,
  connectTo?: string,
  bounds: { readonly connectTimeoutMs?: number } = {},
): Promise<string> {
  let heard: string | undefined;
  const request = {
    method: "GET",
    origin: `http://${host}:${PORT}`,
    path: "/",
    headers: {},
    timeoutMs: 1000,
    ...bounds,
    responseBytesMax: 1000,
    ...(connectTo === undefined ? {} : { connectTo }),
  } as const;
  void world.network.exchange(from, request).then(
    ({ body }) => {
      heard = body;
    },
    (error: unknown) => {
      heard = error instanceof NetworkError ? error.failure : String(error);
    },
  );
  await world.runUntil(world.nowMs + 2000, () => heard !== undefined);
  return heard ?? "nothing";
}

describe("addresses", () => {
  test("a host answers at each of its addresses and shows the one of the same family", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const interfaces = [
      { name: "eth0", subnet: "lan", addresses: ["10.0.0.9", "fd00::9", "fe80::9"] },
    ];
    const host = server(world, { name: "many", interfaces });
    const other = server(world, {
      name: "other",
      interfaces: [{ name: "wlan0", subnet: "lan", addresses: ["10.0.0.8", "fd00::8", "fe80::8"] }],
    });
    expect(await asked(world, other, "10.0.0.9")).toBe("many sees 10.0.0.8");
    expect(await asked(world, other, "[fd00:0::9]")).toBe("many sees fd00::8");
    expect(await asked(world, other, "hub.example", "fe80::9%wlan0")).toBe("many sees fe80::8");
    expect(await asked(world, other, "hub.example", "fe80::9%eth0")).toBe("timeout");
    expect(host.machine.addresses().map(({ address }) => address)).toEqual([
      "127.0.0.1",
      "10.0.0.9",
      "fd00::9",
      "fe80::9",
    ]);
  });

  test("after a change the old address is nobody's, and connections over it are dead", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const host = server(world, { name: "mover" });
    const other = world.addHost({ name: "other" });
    Object.assign(world.network.faults, { delayMinMs: 10, delayMaxMs: 10 });
    const underWay = asked(world, other, "10.0.0.1");
    world.schedule(15, "change", () => host.interface().readdress(["10.0.0.77"]));
    expect(await underWay).toBe("timeout");
    expect(await asked(world, other, "10.0.0.1")).toBe("timeout");
    expect(await asked(world, other, "10.0.0.77")).toBe("mover sees 10.0.0.2");
    expect(host.address).toBe("10.0.0.77");
  });

  test("two hosts cannot have one address on one subnet, but on two", () => {
    const world = new SimulatedWorld({ seed: 1 });
    world.addHost({ name: "a", address: "192.168.1.2" });
    expect(() => world.addHost({ name: "b", address: "192.168.1.2" })).toThrow("is taken");
    world.addHost({ name: "c", address: "192.168.1.2", subnet: "elsewhere" });
  });

  test("an interface that goes takes its addresses along and brings them back", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const host = server(world, { name: "host" });
    const other = world.addHost({ name: "other" });
    host.interface().takeDown();
    expect(host.machine.addresses().map(({ address }) => address)).toEqual(["127.0.0.1"]);
    expect(host.machine.defaultRouteInterface()).toBeUndefined();
    expect(await asked(world, other, "10.0.0.1")).toBe("timeout");
    expect(await asked(world, host, "10.0.0.2")).toBe("unreachable");
    expect(await asked(world, host, "127.0.0.1")).toBe("host sees 127.0.0.1");
    host.interface().bringUp();
    expect(await asked(world, other, "10.0.0.1")).toBe("host sees 10.0.0.2");
  });
});

describe("several networks", () => {
  test("only a host that is on both reaches both", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const left = server(world, { name: "left", address: "10.1.0.1", subnet: "left" });
    const right = server(world, { name: "right", address: "10.2.0.1", subnet: "right" });
    const both = server(world, {
      name: "both",
      interfaces: [
        { name: "eth0", subnet: "left", addresses: ["10.1.0.2"] },
        { name: "eth1", subnet: "right", addresses: ["10.2.0.2"] },
      ],
    });
    expect(await asked(world, both, "10.1.0.1")).toBe("left sees 10.1.0.2");
    expect(await asked(world, both, "10.2.0.1")).toBe("right sees 10.2.0.2");
    expect(await asked(world, left, "10.2.0.1")).toBe("timeout");
    expect(world.network.canDial(left, right)).toBe(false);
    expect(world.network.canDial(left, both)).toBe(true);
  });

  test("hosts behind a NAT dial out from its one address, and cannot be dialled", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const outside = server(world, { name: "outside", address: "203.0.113.1" });
    const [one, two] = ["192.168.1.2", "192.168.1.3"].map((address) =>
      server(world, { name: address, address, subnet: "home" }),
    );
    world.network.addNat({ inside: "home", outside: "lan", address: "203.0.113.7" });
    if (!one || !two) throw new Error("two hosts");
    expect(await asked(world, one, "203.0.113.1")).toBe("outside sees 203.0.113.7");
    expect(await asked(world, two, "203.0.113.1")).toBe("outside sees 203.0.113.7");
    expect(await asked(world, one, two.address)).toBe(`${two.name} sees 192.168.1.2`);
    expect(await asked(world, outside, "203.0.113.7")).toBe("refused");
    expect(await asked(world, outside, one.address)).toBe("timeout");
    expect([world.network.canDial(one, outside), world.network.canDial(outside, one)]).toEqual([
      true,
      false,
    ]);
  });

  test("one NAT behind another: seen is the outer one", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    server(world, { name: "outside", address: "203.0.113.1" });
    const inside = server(world, { name: "inside", address: "192.168.1.2", subnet: "home" });
    world.network.addNat({ inside: "home", outside: "carrier", address: "100.64.0.2" });
    world.network.addNat({ inside: "carrier", outside: "lan", address: "203.0.113.9" });
    expect(await asked(world, inside, "203.0.113.1")).toBe("outside sees 203.0.113.9");
  });
});

describe("who may connect to whom", () => {
  test("a firewall forbids dialling, silently or by a refusal, and passes answers", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const [a, b] = [server(world, { name: "a" }), server(world, { name: "b" })];
    const allow = world.network.forbidDialling([a], [b]);
    expect(await asked(world, a, "b")).toBe("timeout");
    const bounds = { connectTimeoutMs: 500 };
    expect(await asked(world, a, "b", undefined, bounds)).toBe("unconnected");
    expect(await asked(world, b, "a", undefined, bounds)).toBe("a sees 10.0.0.2");
    allow();
    world.network.forbidDialling([a], [b], "refusal");
    expect(await asked(world, a, "b")).toBe("refused");
    world.network.heal();
    expect(await asked(world, a, "b")).toBe("refused");
  });

  test("of two partitions that overlap each heals alone", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const [a, b] = [server(world, { name: "a" }), server(world, { name: "b" })];
    const [first, second] = [
      world.network.partition([a], [b]),
      world.network.partition([b], [a], { oneWay: true }),
    ];
    first();
    first();
    expect(await asked(world, a, "b")).toBe("timeout");
    second();
    expect(await asked(world, a, "b")).toBe("b sees 10.0.0.1");
  });
});

describe("names", () => {
  test("one name has several addresses, in turn, and may change", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const [a, b] = [server(world, { name: "a" }), server(world, { name: "b" })];
    const resolve = async (name: string) => {
      const answer = world.network.resolve(name).catch((error: NetworkError) => error.failure);
      await world.run(world.nowMs + 10);
      return answer;
    };
    world.network.names.set("Hub.Example", [a.address, b.address]);
    expect(await resolve("hub.example")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(await resolve("hub.example")).toEqual(["10.0.0.2", "10.0.0.1"]);
    expect(await asked(world, a, "hub.example", "10.0.0.2")).toBe("b sees 10.0.0.1");
    world.network.names.set("hub.example", []);
    expect(await resolve("hub.example")).toBe("unreachable");
    expect(await resolve("b")).toEqual(["10.0.0.2"]);
    expect(await resolve("fe80::1%eth0")).toEqual(["fe80::1%eth0"]);
  });

  test("an address that answers as its running members in turn", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const members = ["a", "b", "c"].map((name) => server(world, { name }));
    const client = world.addHost({ name: "client" });
    world.network.addBalancer({ subnet: "lan", address: "10.0.0.100", members });
    members[1]?.kill();
    const answers: string[] = [];
    for (let time = 0; time < 4; time++) answers.push(await asked(world, client, "10.0.0.100"));
    expect(answers.map((answer) => answer[0])).toEqual(["a", "c", "a", "c"]);
    for (const member of members) member.kill();
    expect(await asked(world, client, "10.0.0.100")).toBe("refused");
  });
});
