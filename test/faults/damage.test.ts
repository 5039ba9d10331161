import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { faultsSeed } from "./kill/lanes.ts";
import { type Outcome, Template, Wreck } from "./wreck.ts";

const TIMEOUT_MS = 60_000;
const ALL = [0, 1, 2];
/** Most bytes of a small database mean nothing: free space, and tables without rows. */
const FLIPS = 12;

let whole: Template;
let trimmed: Template;
beforeAll(async () => {
  [whole, trimmed] = await Promise.all([
    Template.make("--log-retention", "all"),
    Template.make("--past-per-tank", "0"),
  ]);
}, TIMEOUT_MS);
afterAll(() => {
  for (const template of [whole, trimmed]) template?.[Symbol.dispose]();
});

type Damage = (wreck: Wreck) => void;

async function outcomeOf(template: Template, damage: Damage, mayOpen = false): Promise<Outcome> {
  using wreck = new Wreck(template);
  damage(wreck);
  return await wreck.outcome({ mayOpen });
}

/** Runs one test for each entry. */
function each(damages: Readonly<Record<string, Damage>>, run: (damage: Damage) => Promise<void>) {
  for (const [name, damage] of Object.entries(damages)) test(name, () => run(damage), TIMEOUT_MS);
}

/** The tables and rows of SQL statements. */
const ofFirst = (wreck: Wreck) => `tank_id = '${wreck.tank(0)}'`;
const lastSeq = (wreck: Wreck) => `(SELECT MAX(seq) FROM log WHERE ${ofFirst(wreck)})`;
const nth = (wreck: Wreck, number: number) => wreck.snapshots(0)[number] ?? "";

test(
  "a directory that is not damaged comes back whole, without a word",
  async () => {
    for (const template of [whole, trimmed]) {
      const outcome = await outcomeOf(template, () => {});
      expect(outcome).toEqual({ refusal: undefined, stopped: {}, whole: ALL, warnings: [] });
    }
  },
  TIMEOUT_MS,
);

describe("a damaged newest snapshot: back by the one before and the log, and it says so", () => {
  each(
    {
      "first byte": (wreck) => wreck.flip(nth(wreck, 0), 0),
      "length of the header": (wreck) => wreck.flip(nth(wreck, 0), 9),
      "a byte of the header": (wreck) => wreck.flip(nth(wreck, 0), 40),
      "a byte of the state": (wreck) => wreck.flip(nth(wreck, 0), 2000),
      "a byte of the checksum": (wreck) => wreck.flip(nth(wreck, 0), -5),
      "cut in the middle": (wreck) => wreck.truncate(nth(wreck, 0), 0.5),
      empty: (wreck) => wreck.truncate(nth(wreck, 0), 0),
      gone: (wreck) => wreck.remove(nth(wreck, 0)),
      "another one in its place": (wreck) => wreck.copy(nth(wreck, 1), nth(wreck, 0)),
    },
    async (damage) => {
      const { stopped, whole: back, warnings } = await outcomeOf(trimmed, damage);
      expect([stopped, back]).toEqual([{}, ALL]);
      expect(warnings.filter((line) => line.startsWith("tank recovers past damage"))).toHaveLength(
        1,
      );
    },
  );
});

describe("both snapshots of a tank damaged", () => {
  const both: Damage = (wreck) => {
    wreck.flip(nth(wreck, 0), 999);
    wreck.truncate(nth(wreck, 1), 0.9);
  };

  test(
    "with the whole log kept: it comes back from its creation",
    async () => {
      const { stopped, whole: back, warnings } = await outcomeOf(whole, both);
      expect([stopped, back, warnings.length]).toEqual([{}, ALL, 2]);
    },
    TIMEOUT_MS,
  );

  test(
    "with the log trimmed: that tank is stopped and says why, the others run",
    async () => {
      const { stopped, whole: back } = await outcomeOf(trimmed, both);
      expect(back).toEqual([1, 2]);
      expect(stopped[0]).toMatch(/no snapshot of it can be read.*restore the data directory/);
    },
    TIMEOUT_MS,
  );
});

describe("rot in the log of one tank stops that tank only, and names the entry", () => {
  const rot = (change: (wreck: Wreck) => string): Damage => {
    return (wreck) => wreck.sql(change(wreck));
  };
  each(
    {
      "its last row deleted": rot(
        (wreck) => `DELETE FROM log WHERE ${ofFirst(wreck)} AND seq = ${lastSeq(wreck)}`,
      ),
      "a row in the middle deleted": rot(
        (wreck) => `DELETE FROM log WHERE ${ofFirst(wreck)} AND seq = ${lastSeq(wreck)} - 5`,
      ),
      "all its rows deleted": rot((wreck) => `DELETE FROM log WHERE ${ofFirst(wreck)}`),
      "a payload changed": rot(
        (wreck) =>
          `UPDATE log SET payload = x'7b2278223a317d' ` +
          `WHERE ${ofFirst(wreck)} AND seq = ${lastSeq(wreck)} - 3`,
      ),
      "a tick changed": rot(
        (wreck) =>
          `UPDATE log SET tick = tick + 1 WHERE ${ofFirst(wreck)} AND seq = ${lastSeq(wreck)} - 3`,
      ),
      "a kind that nobody knows": rot(
        (wreck) =>
          `UPDATE log SET kind = 'sing' WHERE ${ofFirst(wreck)} AND seq = ${lastSeq(wreck)}`,
      ),
      "a flipped byte in the file, in the checksum of a row": (wreck) => {
        wreck.sql();
        const [row] = wreck.rows<{ checksum: string }>(
          `SELECT checksum FROM log WHERE ${ofFirst(wreck)} ORDER BY seq DESC LIMIT 1 OFFSET 2`,
        );
        const at = readFileSync(wreck.path("tankd.db")).lastIndexOf(row?.checksum ?? "?");
        wreck.flip("tankd.db", at + 4);
      },
    },
    async (damage) => {
      const { stopped, whole: back } = await outcomeOf(trimmed, damage);
      expect(back).toEqual([1, 2]);
      expect(stopped[0]).toMatch(/entr(y|ies) \d+.*restore the data directory from a backup/);
    },
  );

  test(
    "a tank without its row is named as lost, at every start",
    async () => {
      using wreck = new Wreck(trimmed);
      wreck.sql(`DELETE FROM tanks WHERE ${ofFirst(wreck)}`);
      for (let start = 0; start < 2; start++) {
        const { whole: back, warnings } = await wreck.outcome();
        if (start === 0) expect(back).toEqual([1, 2]);
        expect(warnings.join("\n")).toContain(`has lost acknowledged tanks (${wreck.tank(0)})`);
      }
    },
    TIMEOUT_MS,
  );
});

describe("commits that are lost with the write-ahead log are noticed", () => {
  each(
    {
      "cut in the middle": (wreck) => wreck.truncate("tankd.db-wal", 0.5),
      "its last commit cut off": (wreck) => wreck.truncate("tankd.db-wal", 0.995),
      empty: (wreck) => wreck.truncate("tankd.db-wal", 0),
      gone: (wreck) => wreck.remove("tankd.db-wal"),
      "a byte of its header": (wreck) => wreck.flip("tankd.db-wal", 12),
      "a byte in the middle": (wreck) => wreck.flip("tankd.db-wal", 30_000),
      "a byte of the last commit": (wreck) => wreck.flip("tankd.db-wal", -100),
    },
    async (damage) => {
      const { stopped, warnings, whole: back } = await outcomeOf(trimmed, damage);
      expect(warnings.join("\n")).toMatch(/has lost its last \d+ commits/);
      expect(Object.keys(stopped).length).toBeGreaterThan(0);
      for (const reason of Object.values(stopped)) {
        expect(reason).toMatch(/lost entr(y|ies) \d+.*restore the data directory.*--fork/);
      }
      expect(back.length + Object.keys(stopped).length).toBe(ALL.length);
    },
  );
});

describe("watermarks are a second word, not the first", () => {
  each(
    {
      "first byte": (wreck) => wreck.flip("tankd.watermarks", 0),
      "a byte of the second side": (wreck) => wreck.flip("tankd.watermarks", -10),
      "cut in the middle": (wreck) => wreck.truncate("tankd.watermarks", 0.5),
      empty: (wreck) => wreck.truncate("tankd.watermarks", 0),
      gone: (wreck) => wreck.remove("tankd.watermarks"),
      garbage: (wreck) => wreck.write("tankd.watermarks", "garbage".repeat(999)),
    },
    async (damage) => {
      const { stopped, whole: back } = await outcomeOf(trimmed, damage);
      expect([stopped, back]).toEqual([{}, ALL]);
    },
  );
});

describe("files that a start can do without, or make anew", () => {
  each(
    {
      "a damaged marker": (wreck) => wreck.flip("tankd-data", 3),
      "no marker": (wreck) => wreck.remove("tankd-data"),
      "no token": (wreck) => wreck.remove("token"),
      "a node.json of nonsense": (wreck) => wreck.write("node.json", "{{{"),
      "a pid of nonsense": (wreck) => wreck.write("pid", "nobody"),
      "no lock": (wreck) => wreck.remove("lock"),
      "files of snapshots that nobody knows": (wreck) =>
        wreck.copy(nth(wreck, 1), `snapshots/${wreck.tank(0)}/9-9.snapshot`),
    },
    async (damage) => {
      const outcome = await outcomeOf(trimmed, damage);
      expect(outcome).toMatchObject({ refusal: undefined, stopped: {}, whole: ALL });
    },
  );
});

describe("what no node can start on is refused with one sentence, and nothing is changed", () => {
  const refusals: Readonly<Record<string, readonly [Damage, RegExp]>> = {
    "the first byte of the database": [
      (wreck) => wreck.flip("tankd.db", 0),
      /tankd\.db is damaged.*Restore it from a backup/,
    ],
    "text instead of a database": [
      (wreck) => wreck.write("tankd.db", "hello"),
      /tankd\.db is damaged.*Restore it from a backup/,
    ],
    "an empty database": [
      (wreck) => wreck.truncate("tankd.db", 0),
      /tankd\.db is missing or empty.*records 3 tanks: restore the directory from a backup/,
    ],
    "no database": [
      (wreck) => wreck.remove("tankd.db"),
      /tankd\.db is missing or empty.*records 3 tanks: restore the directory from a backup/,
    ],
    "no database and no watermarks, but its write-ahead log": [
      (wreck) => {
        wreck.remove("tankd.db");
        wreck.remove("tankd.watermarks");
      },
      /tankd\.db is missing or empty.*tankd\.db-wal contains commits.*restore/,
    ],
    "a key that is cut off": [(wreck) => wreck.truncate("key", 0.5), /key is damaged: restore it/],
    "a token that is cut off": [
      (wreck) => wreck.truncate("token", 0.2),
      /token is damaged: remove it, and the next start creates a new one/,
    ],
    "a lock that is no lock": [
      (wreck) => wreck.write("lock", "garbage garbage garbage garbage"),
      /lock is damaged: remove it, and the next start creates a new one/,
    ],
  };
  for (const [name, [damage, sentence]] of Object.entries(refusals)) {
    test(
      name,
      async () => {
        expect((await outcomeOf(trimmed, damage)).refusal).toMatch(sentence);
      },
      TIMEOUT_MS,
    );
  }

  const opened: Readonly<Record<string, readonly [Damage, RegExp]>> = {
    "half a database": [
      (wreck) => {
        wreck.sql();
        wreck.truncate("tankd.db", 0.5);
      },
      /tankd\.db cannot be used: the database is damaged.*restore the data directory from a backup/,
    ],
    "a database without one of its tables": [
      (wreck) => wreck.sql("DROP TABLE outbox"),
      /tankd\.db is damaged: no such table: outbox\. Restore the data directory from a backup/,
    ],
    "a flipped bit in the key": [
      (wreck) => wreck.flip("key", 3),
      /key is not the key of this directory's node \(\w+\): restore it from a backup, or .*--fork/,
    ],
  };
  for (const [name, [damage, sentence]] of Object.entries(opened)) {
    test(
      name,
      async () => {
        expect((await outcomeOf(trimmed, damage, true)).refusal).toMatch(sentence);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "no key: the new one is not that of the directory's node",
    async () => {
      using wreck = new Wreck(trimmed);
      wreck.remove("key");
      const node = wreck.start();
      expect(await node.ended).toEqual({ exitCode: 1, signal: null });
      expect(node.complaints).toHaveLength(1);
      expect(node.complaints[0]).toMatch(/is not the key of this directory's node/);
    },
    TIMEOUT_MS,
  );
});

test(
  "wherever bytes of the database are flipped, what is lost is said",
  async () => {
    const random = new Prng(faultsSeed(), "flips");
    const seen = { refused: 0, whole: 0, stopped: 0 };
    for (let round = 0; round < 12; round++) {
      using wreck = new Wreck(trimmed);
      wreck.sql();
      for (let flip = 0; flip < FLIPS; flip++) {
        wreck.flip("tankd.db", random.integer(0, wreck.size("tankd.db") - 1));
      }
      const { refusal, stopped, whole: back } = await wreck.outcome({ mayOpen: true });
      if (refusal !== undefined) {
        seen.refused++;
        expect(refusal).toMatch(/tankd\.db.*damaged.*[Rr]estore/);
        continue;
      }
      expect([...back, ...Object.keys(stopped).map(Number)].sort()).toEqual(ALL);
      if (Object.keys(stopped).length > 0) seen.stopped++;
      else seen.whole++;
    }
    process.stderr.write(`flips: ${JSON.stringify(seen)}\n`);
  },
  TIMEOUT_MS,
);
