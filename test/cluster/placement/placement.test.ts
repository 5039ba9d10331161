import { describe, expect, test } from "bun:test";
import { loadWith, misfit, type Wish } from "../../../src/cluster/placement/fit.ts";
import { Placement } from "../../../src/cluster/placement/placement.ts";
import type { ServerRecord } from "../../../src/cluster/server-record.ts";
import { fakeServer } from "../../api/fake-records.ts";

const NONE = { tanks: 0, fish: 0 };

function server(id: string, more: Partial<ServerRecord> = {}): ServerRecord {
  return fakeServer(id, { server_id: id, fish_count: 0, tank_count: 0, cpu_percent: 0, ...more });
}

function tank(tank_id: string) {
  return { tank_id, name: tank_id };
}

/** A node "here" that sees these servers. */
function placementOver(servers: ServerRecord[], mayOrder = true) {
  const state = { nowMs: 0, announced: new Map<string, string[]>() };
  const placement = new Placement({
    nodeId: "here",
    clock: { monotonicMs: () => state.nowMs },
    servers: () => servers,
    tanksOf: (id) =>
      (state.announced.get(id) ?? []).map((tank_id) => ({ tank_id, name: tank_id, epoch: 1 })),
    mayOrder: () => mayOrder,
  });
  const order = (wish: Partial<Wish> = {}) =>
    placement.candidates({ fish: 50, ...wish }).fitting.map(({ server_id }) => server_id);
  return { placement, order, state };
}

describe("the load of a server with one more tank", () => {
  test("grows with its fish and tanks, and falls with its cores", () => {
    const idle = loadWith(server("a"), NONE, 50);
    expect(loadWith(server("a", { fish_count: 100 }), NONE, 50)).toBeGreaterThan(idle);
    expect(loadWith(server("a", { tank_count: 3 }), NONE, 50)).toBeGreaterThan(idle);
    expect(loadWith(server("a", { resources: { cpu_cores: 8 } }), NONE, 50)).toBeLessThan(idle);
  });

  test("is twice as high where the process keeps every core busy", () => {
    const busy = server("a", { cpu_percent: 200 });
    expect(loadWith(busy, NONE, 50)).toBe(2 * loadWith(server("a"), NONE, 50));
  });
});

describe("a server does not fit", () => {
  test.each<[string, Partial<ServerRecord>, Partial<Wish>, string]>([
    ["offline", { status: "offline" }, {}, "is offline"],
    ["fenced", { status: "degraded", status_reason: "fenced" }, {}, "is degraded: fenced"],
    ["of a stranger", { member: false }, {}, "is no member of this cluster"],
    ["without a key", { node_id: null, signed: false }, {}, "is no member of this cluster"],
    ["draining", { resources: { accepts_tanks: false } }, {}, "it is being drained"],
    ["elsewhere", { region: "us" }, { region: "eu" }, "is in region us"],
    ["nowhere", { region: null }, { region: "eu" }, "is in no region"],
    ["in another zone", { zone: "b" }, { zone: "a" }, "is in zone b"],
    ["without the tag", { tags: ["lab"] }, { tags: ["lab", "gpu"] }, "has no tag gpu"],
    ["without the capability", {}, { capabilities: ["big"] }, "has no capability big"],
    ["too small", { resources: { cpu_cores: 2 } }, { resources: { cpu_cores: 4 } }, "cpu_cores=2"],
    ["of another kind", { resources: { disk: "hdd" } }, { resources: { disk: "ssd" } }, "disk=hdd"],
    ["without the resource", {}, { resources: { gpu: true } }, "has no gpu"],
    ["full of tanks", { tank_count: 4, resources: { tanks_max: 4 } }, {}, "at most 4 tanks"],
    ["full of fish", { fish_count: 80, resources: { fish_max: 100 } }, {}, "at most 100 fish"],
    ["out of memory", { memory_mb: 950, resources: { memory_gb: 1 } }, {}, "too little memory"],
  ])("that is %s", (_name, more, wish, why) => {
    expect(misfit(server("a", more), NONE, { fish: 50, ...wish })).toContain(why);
  });

  test("but does where it has all that is wanted, and more", () => {
    const record = server("a", {
      region: "eu",
      tags: ["lab", "gpu"],
      resources: { cpu_cores: 8, memory_gb: 16, disk: "ssd", tanks_max: 1 },
    });
    const wish = {
      fish: 50,
      region: "eu",
      tags: ["gpu"],
      resources: { cpu_cores: 4, disk: "ssd" },
    };
    expect(misfit(record, NONE, wish)).toBeUndefined();
  });
});

describe("placement", () => {
  test("prefers the least loaded server, of equals this node", () => {
    const busy = server("busy", { fish_count: 200 });
    expect(placementOver([busy, server("idle"), server("here")]).order()).toEqual([
      "here",
      "idle",
      "busy",
    ]);
  });

  test("spreads tanks in a row over servers whose records do not change meanwhile", () => {
    const { placement, state } = placementOver([server("here"), server("a"), server("b")]);
    const chosen: string[] = [];
    for (let number = 0; number < 6; number++) {
      const [first] = placement.candidates({ fish: 50 }).fitting;
      if (first === undefined) throw new Error("nothing fits");
      chosen.push(first.server_id);
      placement.reserve(first.node_id, 50).placed(tank(`tank-${number}`));
      state.nowMs += 100;
    }
    expect(chosen.toSorted()).toEqual(["a", "a", "b", "b", "here", "here"]);
  });

  test("counts capacities with what was just placed", () => {
    const { placement, order } = placementOver([server("a", { resources: { tanks_max: 1 } })]);
    const reservation = placement.reserve("a", 50);
    expect(order()).toEqual([]);
    reservation.release();
    expect(order()).toEqual(["a"]);
  });

  test("counts a tank once: no more when its server announces it, or after a time", () => {
    const servers = [server("here", { fish_count: 60 }), server("a")];
    const { placement, order, state } = placementOver(servers);
    placement.reserve("a", 100).placed(tank("t"));
    expect(order()).toEqual(["here", "a"]);
    expect(placement.placed()).toEqual([{ node_id: "a", tank: tank("t") }]);
    state.announced.set("a", ["t"]);
    expect(order()).toEqual(["a", "here"]);
    expect(placement.placed()).toEqual([]);
    placement.reserve("a", 100).placed(tank("never announced"));
    expect(order()).toEqual(["here", "a"]);
    state.nowMs += 100_000;
    expect(order()).toEqual(["a", "here"]);
  });

  test("is this node alone without a secret, and says of the others why", () => {
    const { placement, order } = placementOver([server("here"), server("a")], false);
    expect(order()).toEqual(["here"]);
    const { unfit } = placement.candidates({ fish: 50 });
    expect(unfit).toEqual([
      { server_id: "a", why: "takes orders only under a common cluster secret" },
    ]);
  });
});
