import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Standing } from "../../../src/cluster/peers/peer.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { described } from "./support.ts";

const at = (...hosts: readonly string[]) => hosts.map((host) => ({ host, port: 8000 }));

function setUp() {
  const engaged = new Set<string>();
  const exchanged = new Set<string>();
  const forgotten: string[] = [];
  const table = new PeerTable({
    isEngaged: (nodeId) => engaged.has(nodeId),
    hasExchanged: (nodeId) => exchanged.has(nodeId),
    onForgotten: ({ id }) => forgotten.push(id),
  });
  const hostsOf = (id: string) => table.get(id)?.addresses.map(({ host }) => host);
  /** A peer of that standing; `stranger` is the one that only its own hello describes. */
  const add = (id: string, standing: Standing) => {
    table.ensure(id);
    if (standing === "engaged") engaged.add(id);
    if (standing === "exchanged") exchanged.add(id);
    if (standing === "confirmed") table.update(id, { confirmedMs: 1 });
    if (standing === "stranger") table.update(id, { described: described(id) });
    const peer = table.get(id);
    if (!peer) throw new Error("no room");
    expect(table.standingOf(peer)).toBe(standing);
  };
  const fill = (standing: Standing) => {
    for (let index = 0; table.size < LIMITS.peersMax; index++)
      add(`${standing}-${index}`, standing);
  };
  return { table, forgotten, hostsOf, add, fill };
}

describe("a full table", () => {
  test("forgets the least known first, of equals the one unchanged longest", () => {
    const { table, forgotten, add, fill } = setUp();
    const standings: readonly Standing[] = ["exchanged", "confirmed", "stranger", "nominated"];
    for (const standing of standings) for (const n of [1, 2]) add(`${standing} ${n}`, standing);
    // What is heard of a peer makes it the newest of its kind.
    for (const standing of standings) table.update(`${standing} 1`, { position: 1 });
    fill("engaged");
    for (let index = 0; index < 8; index++) {
      add(`new ${index}`, "engaged");
    }
    expect(forgotten).toEqual([
      ...["nominated 2", "nominated 1", "stranger 2", "stranger 1"],
      ...["confirmed 2", "confirmed 1", "exchanged 2", "exchanged 1"],
    ]);
  });

  test("never forgets one with which fish are under way, but refuses a new one", () => {
    const { table, forgotten, fill } = setUp();
    fill("engaged");
    expect(table.ensure("new")).toBeUndefined();
    expect(table.ensure("engaged-0")?.id).toBe("engaged-0");
    expect([table.size, forgotten]).toEqual([LIMITS.peersMax, []]);
  });
});

describe("what one source has named", () => {
  const crowd = (table: PeerTable, source: string, count: number) =>
    Array.from({ length: count }, (_, index) => table.ensure(`${source} ${index}`, source)).filter(
      (peer) => peer !== undefined,
    ).length;
  const quota = LIMITS.unconfirmedPeersPerSourceMax;

  test("fills its share and no more; other sources, and those without one, have their own", () => {
    const { table } = setUp();
    expect(crowd(table, "10.0.0.66", quota + 10)).toBe(quota);
    expect(table.ensure("neighbour", "10.0.0.67")?.id).toBe("neighbour");
    expect(table.ensure("of no source")?.id).toBe("of no source");
  });

  test("is one for a whole IPv6 network, of which one machine has all addresses", () => {
    const { table } = setUp();
    expect(crowd(table, "2001:db8::1", quota)).toBe(quota);
    expect(table.ensure("next", "2001:db8::2")).toBeUndefined();
    expect(table.ensure("elsewhere", "2001:db8:0:1::1")?.id).toBe("elsewhere");
  });

  test("counts only while it has not answered where it was dialled", () => {
    const { table } = setUp();
    crowd(table, "10.0.0.66", quota);
    table.update("10.0.0.66 0", { confirmedMs: 1 });
    expect(table.ensure("next", "10.0.0.66")?.id).toBe("next");
  });

  test("does not keep those out that are known already", () => {
    const { table } = setUp();
    crowd(table, "10.0.0.66", quota);
    expect(table.ensure("10.0.0.66 0", "10.0.0.66")?.id).toBe("10.0.0.66 0");
  });
});

describe("the addresses of a peer", () => {
  test("are those that answered, latest first, then those that were named, in their order", () => {
    const { table, hostsOf } = setUp();
    table.ensure("peer");
    table.addAddresses("peer", at("a", "b", "c", "d"), "mdns");
    table.noteWorked("peer", { host: "c", port: 8000 }, 10);
    table.noteWorked("peer", { host: "b", port: 8000 }, 20);
    expect(hostsOf("peer")).toEqual(["b", "c", "a", "d"]);
    table.addAddresses("peer", at("e", "a"), "mdns");
    expect(hostsOf("peer")).toEqual(["b", "c", "a", "d", "e"]);
  });

  test("keep who named them first, and the IP that a name stood for", () => {
    const { table } = setUp();
    table.ensure("peer");
    table.addAddresses("peer", at("reef.example"), "mdns");
    table.noteWorked("peer", { host: "reef.example", port: 8000, connectTo: "10.0.0.5" }, 10);
    table.addAddresses("peer", at("reef.example"), "hub");
    expect(table.get("peer")?.addresses).toEqual([
      { host: "reef.example", port: 8000, saidBy: "mdns", workedMs: 10, connectTo: "10.0.0.5" },
    ]);
  });

  test("that it names itself come before those of others, who can invent any number", () => {
    const { table, hostsOf } = setUp();
    table.ensure("peer");
    const invented = Array.from(
      { length: LIMITS.addressesPerServerMax },
      (_, n) => `invented-${n}`,
    );
    table.addAddresses("peer", at(...invented), "mdns");
    table.addAddresses("peer", at("own", "invented-3"), "self");
    expect(hostsOf("peer")?.slice(0, 3)).toEqual(["invented-3", "own", "invented-0"]);
    table.addAddresses("peer", at("late"), "hub");
    expect(hostsOf("peer")).not.toContain("late");
  });

  test("are exchanged when it says where it is now; one that has answered stays first", () => {
    const { table, hostsOf } = setUp();
    table.ensure("peer");
    table.addAddresses("peer", at("a", "b"), "mdns");
    table.noteWorked("peer", { host: "b", port: 8000 }, 10);
    table.replaceAddresses("peer", at("c", "b"));
    expect(hostsOf("peer")).toEqual(["b", "c"]);
    table.replaceAddresses("peer", at("d"));
    expect(hostsOf("peer")).toEqual(["d"]);
  });

  test("are bounded and without repetitions, and the last that answered is always first", () => {
    const host = fc.constantFrom(..."abcdefghijklmnop");
    const step = fc.oneof(
      fc.record({ named: fc.array(host, { maxLength: 12 }) }),
      fc.record({ worked: host }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { table, hostsOf } = setUp();
        table.ensure("peer");
        let last: string | undefined;
        for (const [index, one] of steps.entries()) {
          if ("named" in one) table.addAddresses("peer", at(...one.named), "mdns");
          else table.noteWorked("peer", { host: one.worked, port: 8000 }, index);
          if ("worked" in one) last = one.worked;
          const hosts = hostsOf("peer") ?? [];
          expect(hosts.length).toBeLessThanOrEqual(LIMITS.addressesPerServerMax);
          expect(new Set(hosts).size).toBe(hosts.length);
          if (last !== undefined) expect(hosts[0]).toBe(last);
        }
      }),
    );
  });
});

test("who is forgotten is gone: nothing that is told of it afterwards brings it back", () => {
  const { table, forgotten } = setUp();
  table.ensure("peer");
  table.forget("peer");
  table.forget("peer");
  table.addAddresses("peer", at("a"), "mdns");
  table.noteWorked("peer", { host: "a", port: 8000 }, 1);
  table.noteRtt("peer", 5);
  expect(table.update("peer", { position: 1 })).toBeUndefined();
  expect([table.size, forgotten]).toEqual([0, ["peer"]]);
});

test("of the round trips the latest are kept", () => {
  const { table } = setUp();
  table.ensure("peer");
  for (let index = 0; index < 100; index++) table.noteRtt("peer", index);
  const kept = table.get("peer")?.rttsMs ?? [];
  expect([kept.length, kept.at(-1)]).toEqual([16, 99]);
});

test("a link-local address is one whoever names it, and keeps the zone it is dialled by", () => {
  const { table } = setUp();
  table.ensure("near");
  table.addAddresses("near", at("fe80::1"), "self");
  table.addAddresses("near", at("fe80::1%eth0"), "mdns");
  const known = { host: "fe80::1", port: 8000, connectTo: "fe80::1%eth0", saidBy: "self" };
  expect(table.get("near")?.addresses).toEqual([known]);
  table.noteWorked("near", { host: "fe80::1%eth0", port: 8000 }, 5);
  expect(table.get("near")?.addresses).toEqual([{ ...known, workedMs: 5 }]);
});
