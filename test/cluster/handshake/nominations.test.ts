import { describe, expect, test } from "bun:test";
import { ClusterEvents } from "../../../src/cluster/events.ts";
import { ForeignClusters } from "../../../src/cluster/handshake/foreign-clusters.ts";
import { GivenHubs } from "../../../src/cluster/handshake/given-hubs.ts";
import { type DialResult, failed } from "../../../src/cluster/handshake/meeting.ts";
import { HINT, Nominations } from "../../../src/cluster/handshake/nominations.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { entryFromWire } from "../../../src/cluster/registry/registry-entry.ts";
import type { Role } from "../../../src/cluster/server-record.ts";
import type { Address, Nomination } from "../../../src/discovery/backend.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { DEFAULTS } from "../../support/simulated/lab-node.ts";
import { described, entryWire } from "../peers/support.ts";

const self = identityFromSeed(new Uint8Array(32).fill(1));
const OWN: Address = { host: "10.0.0.1", port: 8000 };
const at = (host: string): Address => ({ host, port: 8000 });

/** Nominations of a node in that position, with what is dialled for them. */
function setUp(
  role: Role,
  isSettled = role === "worker",
  answer: DialResult = failed("nobody is there", true),
) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock, timers } = world.addHost({ name: "n" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const events = new ClusterEvents();
  const sighted: string[] = [];
  events.on("sighted", ({ nodeId }) => sighted.push(nodeId));
  const dials: string[] = [];
  const dialled = async (what: string): Promise<DialResult> => {
    dials.push(what);
    return answer;
  };
  const deps = { identity: self, bootId: "boot-1", settings: DEFAULTS, clock, timers };
  const given = new GivenHubs({ clock, log: silentLog, settings: DEFAULTS });
  const foreign = new ForeignClusters(clock);
  const nominations = new Nominations({
    deps: { ...deps, log: silentLog },
    events,
    table,
    given,
    foreign,
    dialer: {
      dial: (nodeId) => dialled(nodeId),
      dialAt: (addresses, { trusted }) =>
        dialled(`${trusted ? "trusted " : ""}${addresses.map(({ host }) => host)}`),
      confirm: async (nodeId) => (await dialled(`confirm ${nodeId}`)).kind !== "failed",
    },
    policy: () => ({ own: [OWN.host], onLoopback: false, onLinkLocal: false }),
    isOwn: ({ host }) => host === OWN.host,
    isLeaving: () => false,
    position: () => ({ role, isSettled }),
  });
  const nominate = (nodeId: string, change: Partial<Nomination> = {}) =>
    nominations.nominate({ backend: "mdns", nodeId, addresses: [at("10.0.0.2")], ...change });
  return { world, table, given, nominations, nominate, dials, sighted };
}

describe("a node that looks for a hub", () => {
  test("notes who is seen and dials nobody for it: one of all is chosen elsewhere", () => {
    const { table, nominate, dials, sighted } = setUp("discovering");
    nominate("peer", { role: "hub", priority: 7, bootId: "b", source: "10.0.0.2" });
    expect(table.get("peer")).toMatchObject({
      source: "10.0.0.2",
      sighting: { role: "hub", priority: 7, bootId: "b" },
      addresses: [{ host: "10.0.0.2", saidBy: "mdns" }],
    });
    expect([sighted, dials]).toEqual([["peer"], []]);
  });

  test("dials each remembered node at once until it answers, and waits for none of them", () => {
    const { table, nominate, dials, sighted } = setUp("discovering");
    nominate("peer", { backend: "remembered" });
    nominate("peer", { backend: "remembered" });
    expect(dials).toEqual(["peer", "peer"]);
    // Not seen, it is nobody who may lead.
    expect([sighted, table.get("peer")?.sighting]).toEqual([[], undefined]);
    table.update("peer", { confirmedMs: 1 });
    nominate("peer", { backend: "remembered" });
    expect(dials).toHaveLength(2);
    nominate("evil", { backend: "remembered", addresses: [at("127.0.0.1")] });
    expect(dials).toHaveLength(2);
  });
});

test("places that were named are told, and why nobody answers there", async () => {
  const { world, nominations } = setUp("hub");
  const name = (backend: string, host: string, isTrusted: boolean) =>
    nominations.nominate({ backend, addresses: [at(host)], isTrusted });
  name("static", "10.0.0.8", true);
  name("dns", "10.0.0.9", false);
  await world.run(1_000);
  const told = () =>
    nominations
      .namedPlaces()
      .map(({ addresses, failure }) => [addresses[0]?.host, failure?.reason]);
  expect(told()).toEqual([
    ["10.0.0.8", "nobody is there"],
    ["10.0.0.9", "nobody is there"],
  ]);
  // DNS names it no more.
  await world.run(130_000);
  expect(told()).toEqual([["10.0.0.8", "nobody is there"]]);
  nominations.stop();
});

describe("a worker that hears its hub", () => {
  test("dials nobody, but names hubs to its own one, each once", () => {
    const { nominate, nominations, dials } = setUp("worker");
    for (const role of ["hub", "worker", "discovering"] as const) nominate(`a ${role}`, { role });
    nominate("our hub", { role: "hub" });
    expect(dials).toEqual([]);
    expect(nominations.takeHints("our hub")).toEqual([
      { node_id: "a hub", addresses: [at("10.0.0.2")] },
    ]);
    expect(nominations.takeHints("our hub")).toEqual([]);
  });

  test("keeps few hints, the latest, whatever it is told", () => {
    const { nominate, nominations } = setUp("worker");
    for (let index = 0; index < 100; index++) nominate(`hub ${index}`, { role: "hub" });
    const names = nominations.takeHints("").map(({ node_id }) => node_id);
    expect([names.length, names.at(-1)]).toEqual([8, "hub 99"]);
  });

  test("dials one whose start it does not know: it may be a copy of the one that it knows", () => {
    const { table, nominate, dials } = setUp("worker");
    nominate("peer", { role: "worker", bootId: "b-1" });
    const contact = { nodeId: "peer", bootId: "b-1", addresses: [], fenced: false };
    table.update("peer", { boot: { contact, heardMs: 0 } });
    nominate("peer", { role: "worker", bootId: "b-1" });
    expect(dials).toEqual([]);
    nominate("peer", { role: "worker", bootId: "b-2" });
    expect(dials).toEqual(["peer"]);
    // Words of another node about it are no reason.
    nominate("peer", { role: "worker", bootId: "b-3", backend: HINT });
    expect(dials).toEqual(["peer"]);
  });

  test("does not redial the node behind a name in DNS while its hub lists it", async () => {
    const meeting = { ...described("peer"), address: undefined };
    const { world, table, nominations, dials } = setUp("worker", true, { kind: "met", meeting });
    table.ensure("peer");
    const place = { backend: "dns", addresses: [at("10.0.0.3")] };
    nominations.nominate(place);
    await world.run(world.nowMs + 1);
    const lists = (status: "online" | "offline") => {
      const entry = entryFromWire(entryWire("peer"), 0);
      table.update("peer", { registration: { ...entry, status, toldBy: "our hub" } });
    };
    lists("online");
    await world.run(world.nowMs + 60_000);
    nominations.nominate(place);
    expect(dials).toEqual(["10.0.0.3"]);
    lists("offline");
    nominations.nominate(place);
    expect(dials).toHaveLength(2);
  });

  test("that has lost its hub dials hubs that it sees", () => {
    const { nominate, dials } = setUp("worker", false);
    nominate("a worker", { role: "worker" });
    nominate("a hub", { role: "hub" });
    expect(dials).toEqual(["a hub"]);
  });
});

describe("a hub", () => {
  test("dials other hubs, and those whose backend tells no roles, but no worker", () => {
    const { nominate, dials } = setUp("hub");
    nominate("a worker", { role: "worker" });
    nominate("a newcomer", { role: "discovering" });
    nominate("a hub", { role: "hub" });
    nominate("somebody");
    expect(dials).toEqual(["a hub", "somebody"]);
  });

  test("asks a registrant after its hello if it can be dialled, less and less often", async () => {
    const { world, table, nominations, dials } = setUp("hub");
    const register = () => nominations.confirm("peer", [at("10.0.0.2")], "10.0.0.2");
    register();
    expect(dials).toEqual(["peer"]);
    table.update("peer", { described: described("peer") });
    for (let beat = 0; beat < 20; beat++) {
      register();
      await world.run(world.nowMs + 10_000);
    }
    expect(dials.slice(1)).toEqual(dials.slice(1).map(() => "confirm peer"));
    expect(dials.length).toBeLessThan(9);
  });

  test("dials what the operator names, wherever it is; what others name by the rules", () => {
    const { nominations, dials } = setUp("hub");
    nominations.confirm("peer", [at("127.0.0.1")], undefined);
    expect(dials).toEqual(["trusted 127.0.0.1"]);
    nominations.confirm("other", [at("127.0.0.1"), at("169.254.169.254")], "10.0.0.66");
    expect(dials).toHaveLength(1);
  });
});

describe("whoever it is", () => {
  test.each(["discovering", "worker", "hub"] as const)(
    "a %s dials its own id elsewhere or in another start, and not at its own address",
    (role) => {
      const { nominate, dials } = setUp(role);
      nominate(self.nodeId, { addresses: [OWN], bootId: "boot-2" });
      nominate(self.nodeId, { addresses: [at("10.0.0.9")], bootId: "boot-1" });
      expect(dials).toEqual([]);
      nominate(self.nodeId, { addresses: [OWN, at("10.0.0.9")], bootId: "boot-2" });
      nominate(self.nodeId, { addresses: [at("10.0.0.8")] });
      expect(dials).toEqual(["10.0.0.9", "10.0.0.8"]);
    },
  );

  test("nodes of another cluster, and addresses that may not be dialled, leave no trace", () => {
    const { table, nominate, dials, sighted } = setUp("hub");
    nominate("foreign", { cluster: "other", role: "hub" });
    nominate("evil", { addresses: [at("127.0.0.1"), at("169.254.169.254")], role: "hub" });
    nominate("nowhere", { addresses: [], role: "hub" });
    expect([table.size, dials, sighted]).toEqual([0, [], []]);
  });

  test("a place named without an id is tried a few times, then only when named again", async () => {
    const { world, nominations, dials } = setUp("hub");
    const place = { backend: "dns", addresses: [at("10.0.0.3")] };
    nominations.nominate(place);
    await world.run(world.nowMs + 3_600_000);
    expect(dials).toEqual(Array(5).fill("10.0.0.3"));
    nominations.nominate(place);
    expect(dials).toHaveLength(6);
    // A name in DNS may stand for a hundred machines that are off.
    for (let again = 0; again < 10; again++) {
      await world.run(world.nowMs + 5_000);
      nominations.nominate(place);
    }
    expect(dials).toHaveLength(6);
    await world.run(world.nowMs + 10_000);
    nominations.nominate(place);
    expect(dials).toHaveLength(7);
  });

  test("a forged answer of DNS leads neither to this machine nor to a cloud's secrets", () => {
    const { nominations, dials } = setUp("hub");
    const forged = ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "fe80::1", OWN.host];
    for (const host of forged) nominations.nominate({ backend: "dns", addresses: [at(host)] });
    expect(dials).toEqual([]);
    const mixed = [...forged, "10.0.0.3"].map(at);
    nominations.nominate({ backend: "dns", addresses: mixed });
    expect(dials).toEqual(["10.0.0.1,10.0.0.3"]);
  });

  test("a guess is dialled once, until somebody says that a node is there", async () => {
    const { world, nominations, dials } = setUp("hub");
    const guess = { backend: "tailscale", addresses: [at("10.0.0.3")], isGuess: true };
    nominations.nominate(guess);
    nominations.nominate(guess);
    await world.run(world.nowMs + 3_600_000);
    expect(dials).toEqual(Array(2).fill("10.0.0.3"));
    nominations.nominate({ backend: "dns", addresses: [at("10.0.0.3")] });
    nominations.nominate(guess);
    await world.run(world.nowMs + 3_600_000);
    expect(dials.length).toBeGreaterThan(5);
  });

  test("a hub that was given is tried for ever, and judged by nobody", async () => {
    const { world, nominations, given, dials } = setUp("hub");
    given.join(at("127.0.0.1"));
    nominations.nominate({ backend: "hub", addresses: [at("127.0.0.1")], isTrusted: true });
    await world.run(world.nowMs + 3_600_000);
    expect(new Set(dials)).toEqual(new Set(["trusted 127.0.0.1"]));
    expect(dials.length).toBeGreaterThan(100);
    nominations.stop();
    const before = dials.length;
    await world.run(world.nowMs + 3_600_000);
    expect(dials).toHaveLength(before);
  });

  test("a balancer that leads back to this node is retried, its own address is not", async () => {
    const { world, nominations, given, dials } = setUp("hub", false, { kind: "self" });
    for (const address of [OWN, at("10.0.0.100")]) {
      given.join(address);
      nominations.nominate({ backend: "hub", addresses: [address], isTrusted: true });
    }
    await world.run(world.nowMs + 60_000);
    expect(dials.filter((one) => one === `trusted ${OWN.host}`)).toHaveLength(1);
    expect(dials.length).toBeGreaterThan(5);
    given.unjoin(at("10.0.0.100"));
    const before = dials.length;
    await world.run(world.nowMs + 3_600_000);
    expect(dials).toHaveLength(before);
  });

  test("who has found a node is told, hearsay excepted", () => {
    const { nominate, nominations } = setUp("worker");
    for (const backend of ["serf", "mdns", HINT, "registry"]) nominate("peer", { backend });
    expect(nominations.discoveredBy("peer")).toEqual(["mdns", "serf"]);
    nominate("peer", { backend: "remembered" });
    expect(nominations.discoveredBy("peer")).toEqual(["mdns", "serf"]);
    for (const backend of ["remembered", HINT, "registry"]) nominate("other", { backend });
    expect(nominations.discoveredBy("other")).toEqual(["remembered"]);
  });
});
