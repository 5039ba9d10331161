import { describe, expect, test } from "bun:test";
import { Boots } from "../../src/cluster/clones/boots.ts";
import { JournalPositions } from "../../src/cluster/clones/journal-positions.ts";
import { OwnClones } from "../../src/cluster/clones/own-clones.ts";
import { PeerPositions } from "../../src/cluster/clones/peer-positions.ts";
import {
  isStatedBy,
  type PositionStatement,
  readPosition,
  statePosition,
} from "../../src/cluster/clones/position.ts";
import { challengeBeside, signPresence } from "../../src/cluster/clones/presence.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import type { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";
import { silentLog } from "../../src/telemetry/log.ts";

const ada = identityFromSeed(new Uint8Array(32).fill(1));
const bob = identityFromSeed(new Uint8Array(32).fill(2));

function said(position: number, bootId: string, by = ada): PositionStatement {
  const statement = readPosition(statePosition(by, bootId, position));
  if (!statement) throw new Error("a statement reads back");
  return statement;
}

describe("a position statement", () => {
  test("is its node's own word, and nobody else's", () => {
    const statement = said(512, "9f86d081884c7d65");
    expect(statement).toMatchObject({ position: 512, bootId: "9f86d081884c7d65" });
    expect(isStatedBy(ada.publicKey, ada.nodeId, statement)).toBe(true);
    expect(isStatedBy(bob.publicKey, ada.nodeId, statement)).toBe(false);
    expect(isStatedBy(ada.publicKey, bob.nodeId, statement)).toBe(false);
    const more = readPosition(statement.text.replace("512", "513"));
    expect(more && isStatedBy(ada.publicKey, ada.nodeId, more)).toBe(false);
  });

  test.each(["", "512", "512.b", "-1.b.c", "512.b.ä", "1e9.b.c", "5.b.c.d", null, undefined])(
    "is not read where there is none: %p",
    (text) => {
      expect(readPosition(text)).toBeUndefined();
    },
  );
});

async function commits(journal: MemoryJournal, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await journal.commit([{ put: "meta", key: "k", value: String(index) }]);
  }
}

describe("a journal and its node's earlier words", () => {
  test("agree after restarts, however often", async () => {
    const journal = new MemoryJournal();
    const words: PositionStatement[] = [];
    for (let boot = 0; boot < 70; boot++) {
      const boots = new Boots(journal, `boot-${boot}`);
      await boots.begin();
      for (const statement of words) expect(boots.contradictionTo(statement)).toBeUndefined();
      words.push(said(journal.position, `boot-${boot}`));
      await commits(journal, boot % 3);
      words.push(said(journal.position, `boot-${boot}`));
      expect(boots.contradictionTo(said(journal.position, `boot-${boot}`))).toBeUndefined();
    }
  });

  test("disagree in one that was set back", async () => {
    const journal = new MemoryJournal();
    await new Boots(journal, "one").begin();
    await commits(journal, 5);
    const backup = journal.copy();
    await commits(journal, 5);
    const word = said(journal.position, "one");
    const boots = new Boots(backup, "two");
    await boots.begin();
    expect(boots.contradictionTo(word)).toContain("11 commits");
  });

  test("disagree in one that was set back and has done more since", async () => {
    const journal = new MemoryJournal();
    await new Boots(journal, "one").begin();
    await commits(journal, 5);
    const backup = journal.copy();
    await commits(journal, 5);
    const word = said(journal.position, "one");
    const boots = new Boots(backup, "two");
    await boots.begin();
    await commits(backup, 50);
    expect(boots.contradictionTo(word)).toContain("another start");
    expect(boots.contradictionTo(said(6, "one"))).toBeUndefined();
  });
});

describe("a node that is told what others remember of it", () => {
  async function told(remembered: string) {
    const process = new SimulatedWorld({ seed: 1 }).addHost({ name: "n" }).boot();
    const { clock, timers } = process;
    let held: Problem | undefined;
    const deps = { identity: ada, bootId: "two", journal: new MemoryJournal(), log: silentLog };
    const hooks = {
      publicKeyOf: () => undefined,
      counts: () => true,
      onHold: (problem: Problem) => {
        held = problem;
      },
    };
    const lineage = new JournalPositions({ ...deps, clock, timers }, hooks);
    await lineage.start();
    lineage.hear(bob.nodeId, { remembered_position: remembered }, true);
    return { lineage, held };
  }

  test("stands still for its own words, and says nothing of its position any more", async () => {
    const { lineage, held } = await told(said(99, "one").text);
    expect(held?.code).toBe("directory_copied");
    expect(held?.message).toContain(bob.nodeId);
    expect(lineage.held).toBe(held);
    expect(lineage.statement()).toBeUndefined();
  });

  test.each([
    said(99, "one", bob).text,
    said(99, "one").text.replace("99", "999"),
    "999.one.".padEnd(94, "A"),
    "nonsense",
  ])("goes on whatever a stranger makes up: %s", async (forged) => {
    const { lineage, held } = await told(forged);
    expect(held).toBeUndefined();
    expect(lineage.statement()).toBeDefined();
  });
});

describe("what is remembered of others", () => {
  function memory(journal = new MemoryJournal(), engaged: readonly string[] = []) {
    const world = new SimulatedWorld({ seed: 1 });
    const process = world.addHost({ name: "n" }).boot();
    const isEngaged = (nodeId: string) => engaged.includes(nodeId);
    const deps = { clock: process.clock, timers: process.timers, log: silentLog };
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

  test("is bounded; those with whom fish were exchanged go last, and none while some are under way", async () => {
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
});

function node(bootId: string, ageMs: number) {
  let held: Problem | undefined;
  const copies = new OwnClones({
    identity: ada,
    bootId,
    ageMs: () => ageMs,
    isHeld: () => held !== undefined,
    hold: (problem) => {
      held = problem;
    },
    log: silentLog,
  });
  return { copies, held: () => held };
}

describe("a node that meets its double", () => {
  const double = { bootId: "b", uptimeMs: 50_000, held: false, where: "at 10.0.0.2:8000" };
  const cases = [
    { what: "is older", ageMs: 40_000, askedAtMs: 39_000, holds: true },
    { what: "is younger", ageMs: 61_000, askedAtMs: 60_000, holds: false },
    {
      what: "is of the same age, with the lower boot id",
      ageMs: 50_500,
      askedAtMs: 49_500,
      own: "c",
      holds: true,
    },
    {
      what: "is of the same age, with the higher boot id",
      ageMs: 50_500,
      askedAtMs: 49_500,
      own: "a",
      holds: false,
    },
    {
      what: "does not tell its age",
      ageMs: 90_000,
      askedAtMs: 89_000,
      uptimeMs: undefined,
      holds: true,
    },
    { what: "is older and stands still", ageMs: 1_000, askedAtMs: 900, held: true, holds: false },
    { what: "is ourselves", ageMs: 1_000, askedAtMs: 900, own: "b", holds: false },
  ] as const;
  for (const { what, ageMs, askedAtMs, holds, ...rest } of cases) {
    test(`${holds ? "stands still" : "goes on"} if it ${what}`, () => {
      const { own = "late", ...changed } = { ...rest } as { own?: string };
      const { copies, held } = node(own, ageMs);
      copies.meet({ ...double, ...changed }, askedAtMs);
      expect(held() !== undefined).toBe(holds);
    });
  }

  test("and is dialled by it stands still only if it is surely younger", () => {
    for (const [ageMs, holds] of [
      [49_000, true],
      [51_000, false],
    ] as const) {
      const { copies, held } = node("late", ageMs);
      copies.hear(double);
      expect(held() !== undefined).toBe(holds);
    }
  });
});

describe("a node that is shown a proof of its double", () => {
  function proof(by: typeof ada, bootId: string, uptimeMs: number, beside: string, held = false) {
    const challenge = challengeBeside(beside, "nonce-nonce-nonce");
    const signature = signPresence(by, { bootId, uptimeMs, held }, challenge);
    return { boot_id: bootId, uptime_ms: uptimeMs, held, challenge, signature };
  }

  test("stands still if the other is older", () => {
    const { copies, held } = node("late", 5_000);
    copies.judge(proof(ada, "early", 60_000, "late"), "elsewhere");
    expect(held()?.code).toBe("directory_copied");
  });

  const unconvincing = {
    "is younger": proof(ada, "early", 60_000, "late"),
    "stands still itself": proof(ada, "early", 600_000, "late", true),
    "is our own past, who cannot know our present start": proof(ada, "past", 600_000, "older"),
    "is ourselves": proof(ada, "late", 600_000, "late"),
    "is somebody else": proof(bob, "early", 600_000, "late"),
    "was made older than it said": { ...proof(ada, "early", 10, "late"), uptime_ms: 600_000 },
  };
  for (const [what, shown] of Object.entries(unconvincing)) {
    test(`goes on if the other ${what}`, () => {
      const { copies, held } = node("late", 300_000);
      copies.judge(shown, "elsewhere");
      expect(held()).toBeUndefined();
    });
  }
});
