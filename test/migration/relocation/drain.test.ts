import { describe, expect, test } from "bun:test";
import type { Candidates } from "../../../src/cluster/placement/placement.ts";
import { Drain } from "../../../src/migration/relocation/drain.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { fakeTank } from "../../api/fake-records.ts";

const LOG = { debug() {}, info() {}, warn() {}, error() {} };

/** A node with tanks, and others that take them or not. */
class DrainedNode {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly journal: MemoryJournal;
  readonly tanks: string[];
  /** Why each server takes nothing; undefined where it does. */
  readonly servers = new Map<string, string | undefined>([["b", undefined]]);
  readonly moves: string[] = [];
  /** Throws where a tank does not go. */
  onMove: (tank: string, to: string) => void = () => {};
  readonly drain: Drain;

  constructor(tanks: readonly string[], journal = new MemoryJournal()) {
    this.tanks = [...tanks];
    this.journal = journal;
    const { clock, timers } = this.world.addHost({ name: "a" }).boot();
    this.drain = new Drain({
      tanks: { list: () => this.tanks.map((name) => fakeTank(name)) },
      journal,
      clock,
      timers,
      log: LOG,
      labelOf: (nodeId) => `label of ${nodeId}`,
      candidates: (_fish, to) => this.#candidates(to),
      move: async ({ row }, to) => {
        this.onMove(row.name, to.node_id);
        this.moves.push(`${row.name} to ${to.node_id}`);
        this.tanks.splice(this.tanks.indexOf(row.name), 1);
        return {
          move_id: "m",
          tank_id: row.tank_id,
          name: row.name,
          epoch: 2,
          destination_node_id: to.node_id,
          destination_server_id: to.server_id,
          duration_ms: 1,
        };
      },
    });
  }

  run(forMs = 60_000): Promise<void> {
    return this.world.run(this.world.nowMs + forMs);
  }

  #candidates(to: string | undefined): Candidates {
    const meant = [...this.servers].filter(([id]) => to === undefined || id === to);
    return {
      fitting: meant.flatMap(([id, why]) =>
        why === undefined ? [{ node_id: id, server_id: id, is_local: false, load: 0 }] : [],
      ),
      unfit: meant.flatMap(([id, why]) => (why === undefined ? [] : [{ server_id: id, why }])),
    };
  }
}

describe("a drain", () => {
  test("moves every tank, and tells how far it is", async () => {
    const node = new DrainedNode(["reef", "pond"]);
    expect(node.drain.refusal()).toBeUndefined();
    expect(await node.drain.start(undefined)).toMatchObject({ state: "draining", tanks_left: 2 });
    expect(node.drain.refusal()).toMatchObject({ code: "draining" });
    await node.run();
    expect(node.moves).toEqual(["reef to b", "pond to b"]);
    expect(node.drain.view()).toMatchObject({
      state: "drained",
      tanks_left: 0,
      moved: [{ name: "reef", server_id: "b" }, { name: "pond" }],
      waiting: null,
    });
    // Until it is cancelled, or the node starts without tanks.
    expect(node.drain.refusal()).toMatchObject({ code: "draining" });
  });

  test("goes on after a restart, and is over after one without tanks", async () => {
    const node = new DrainedNode(["reef", "pond"]);
    node.onMove = (tank) => {
      if (tank === "pond") throw new Problem("unreachable", "gone");
    };
    await node.drain.start(undefined);
    await node.run();
    expect(node.tanks).toEqual(["pond"]);
    const again = new DrainedNode(["pond"], node.journal);
    await again.drain.recall();
    expect(again.drain.refusal()).toMatchObject({ code: "draining" });
    again.drain.resume();
    await again.run();
    expect(again.moves).toEqual(["pond to b"]);
    const upgraded = new DrainedNode([], node.journal);
    await upgraded.drain.recall();
    expect([upgraded.drain.refusal(), upgraded.drain.view()]).toEqual([undefined, undefined]);
  });

  test("tries the next server where one does not take a tank", async () => {
    const node = new DrainedNode(["reef"]);
    node.servers.set("c", undefined);
    node.onMove = (_tank, to) => {
      if (to === "b") throw new Problem("too_many", "full by now");
    };
    await node.drain.start(undefined);
    await node.run();
    expect(node.moves).toEqual(["reef to c"]);
  });

  test("waits, says why, and goes on when there is room again", async () => {
    const node = new DrainedNode(["reef"]);
    await node.drain.start(undefined);
    node.servers.set("b", "is offline");
    await node.run();
    node.servers.set("b", undefined);
    await node.run();
    expect(node.moves).toEqual(["reef to b"]);
    const stuck = new DrainedNode(["reef"]);
    stuck.onMove = () => {
      throw new Problem("not_ready", "it is stopped");
    };
    await stuck.drain.start(undefined);
    await stuck.run();
    expect(stuck.drain.view()?.waiting).toContain("reef did not move to b: it is stopped");
  });

  test("goes to one server only where that is asked, and changes it when asked again", async () => {
    const node = new DrainedNode(["reef", "pond"]);
    node.servers.set("c", undefined);
    let isOpen = false;
    node.onMove = (_tank, to) => {
      if (to === "c" && !isOpen) throw new Problem("unreachable", "not yet");
    };
    await node.drain.start("c");
    await node.run();
    expect([node.moves, node.drain.view()?.to_server_id]).toEqual([[], "label of c"]);
    isOpen = true;
    await node.drain.start("b");
    await node.run();
    expect(node.moves).toEqual(["reef to b", "pond to b"]);
  });

  test.each<[string, ReadonlyMap<string, string | undefined>, string | undefined, string]>([
    ["of the last node", new Map(), undefined, "there is no other server"],
    ["to a full one", new Map([["b", "hosts at most 1 tanks"]]), "b", "b hosts at most 1 tanks"],
    ["where nobody fits", new Map([["b", "is offline"]]), undefined, "b is offline"],
  ])("%s is refused, and nothing is changed", async (_name, servers, to, why) => {
    const node = new DrainedNode(["reef"]);
    node.servers.clear();
    for (const [id, reason] of servers) node.servers.set(id, reason);
    const refusal = await node.drain.start(to).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "no_placement" });
    expect(String(refusal)).toContain(why);
    await node.run();
    expect([node.moves, node.drain.view(), node.drain.refusal()]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    expect(await node.journal.meta("node.drain")).toBeUndefined();
  });

  test("to servers that are drained themselves is given up, and changes nothing", async () => {
    const node = new DrainedNode(["reef", "pond"]);
    node.onMove = () => {
      throw new Problem("draining", "it is being drained");
    };
    await node.drain.start(undefined);
    await node.run();
    expect([node.moves, node.drain.view(), node.drain.refusal()]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    expect(node.drain.gaveUp).toContain("it is being drained");
    expect(await node.journal.meta("node.drain")).toBe("");
    node.onMove = () => {};
    await node.drain.start(undefined);
    expect(node.drain.gaveUp).toBeUndefined();
  });

  test("that is cancelled moves nothing more, also after a restart", async () => {
    const node = new DrainedNode(["reef", "pond"]);
    node.onMove = (tank) => {
      if (tank === "pond") throw new Problem("unreachable", "not now");
    };
    await node.drain.start(undefined);
    await node.run();
    expect(await node.drain.cancel()).toBe(true);
    node.onMove = () => {};
    await node.run();
    expect([node.moves, node.drain.refusal()]).toEqual([["reef to b"], undefined]);
    expect(await node.drain.cancel()).toBe(false);
    const again = new DrainedNode(["reef"], node.journal);
    await again.drain.recall();
    expect(again.drain.view()).toBeUndefined();
  });
});
