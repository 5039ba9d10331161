import { describe, expect, test } from "bun:test";
import { PeerPositions } from "../../../src/cluster/clones/peer-positions.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { said } from "./support-statements.ts";

describe("what is remembered of others", () => {
  function memory(journal = new MemoryJournal(), engaged: readonly string[] = []) {
    const world = new SimulatedWorld({ seed: 1 });
    const process = world.addHost({ name: "n" }).boot();
    const isEngaged = (nodeId: string) => engaged.includes(nodeId);
    const isKnown = (nodeId: string) => !nodeId.startsWith("unknown");
    const deps = { clock: process.clock, timers: process.timers, log: silentLog, isKnown };
    return { world, journal, peers: new PeerPositions({ ...deps, journal, isEngaged }) };
  }

  test("is written down within a minute, a new start sooner, and not more often", async () => {
    const { world, journal, peers } = memory();
    await peers.load();
    peers.hear("a", said(5, "one"));
    await world.run(2_100);
    expect(await journal.remembered()).toMatchObject([{ node_id: "a", position: 5 }]);
    const before = journal.position;
    for (let position = 6; position < 60; position++) {
      peers.hear("a", said(position, "one"));
      await world.run(world.nowMs + 1_000);
    }
    expect(journal.position).toBe(before);
    await world.run(world.nowMs + 60_000);
    expect(journal.position).toBe(before + 1);
    expect(await journal.remembered()).toMatchObject([{ node_id: "a", position: 59 }]);
  });

  test("is not forgotten for a word that comes before it is read", async () => {
    const before = memory();
    await before.journal.commit(before.peers.writes("a", said(9, "one")));
    const { world, journal, peers } = memory(before.journal);
    peers.hear("a", said(5, "two"));
    peers.hear("b", said(3, "one"));
    await world.run(5_000);
    expect(await journal.remembered()).toMatchObject([{ node_id: "a", position: 9 }]);
    await peers.load();
    expect(peers.of("a")?.position).toBe(9);
    await world.run(10_000);
    expect((await journal.remembered()).map(({ position }) => position).toSorted()).toEqual([3, 9]);
  });

  test("never shrinks", async () => {
    const { world, journal, peers } = memory();
    await peers.load();
    await journal.commit(peers.writes("a", said(9, "one")));
    peers.hear("a", said(8, "two"));
    await journal.commit(peers.writes("a", said(7, "two")));
    await world.run(120_000);
    expect(await journal.remembered()).toMatchObject([{ position: 9, boot_id: "one" }]);
    const again = memory(journal);
    await again.peers.load();
    expect(again.peers.of("a")?.position).toBe(9);
  });

  test("is bounded; partners of transfers go last, those of open ones never", async () => {
    const { world, journal, peers } = memory(undefined, ["open"]);
    await peers.load();
    await journal.commit(peers.writes("open", said(1, "one")));
    await journal.commit(peers.writes("traded", said(1, "one")));
    for (let index = 0; index < LIMITS.positionsRememberedMax + 10; index++) {
      peers.hear(`stranger-${index}`, said(1, "one"));
    }
    await world.run(10_000);
    const kept = (await journal.remembered()).map(({ node_id }) => node_id);
    expect(kept.length).toBe(LIMITS.positionsRememberedMax);
    expect(kept).toContain("open");
    expect(kept).toContain("traded");
    for (let index = 0; index < LIMITS.positionsRememberedMax; index++) {
      await journal.commit(peers.writes(`trader-${index}`, said(1, "one")));
    }
    await world.run(20_000);
    const now = (await journal.remembered()).map(({ node_id }) => node_id);
    expect(now).toContain("open");
    expect(now).not.toContain("traded");
  });

  test("of a node that is not of the cluster goes before all others", async () => {
    const { world, journal, peers } = memory();
    await peers.load();
    peers.hear("met", said(1, "one"));
    for (let index = 0; index < LIMITS.positionsRememberedMax + 10; index++) {
      await journal.commit(peers.writes(`unknown-${index}`, said(1, "one"), "handshake"));
    }
    await world.run(10_000);
    const kept = (await journal.remembered()).map(({ node_id }) => node_id);
    expect(kept.length).toBe(LIMITS.positionsRememberedMax);
    expect(kept).toContain("met");
    expect(peers.hasExchanged("unknown-1000")).toBe(false);
  });
});
