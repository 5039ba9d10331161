import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../../src/platform/errors.ts";
import { JOURNAL_LOST, type Store } from "../../src/store/journal.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { logRow, tankRow } from "./rows.ts";

let folder = "";
const at = (name: string) => join(folder, name);
let warnings: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-lost-"));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Store {
  return openSqliteStore(at("tankd.db"), { warn: (warning) => void warnings.push(warning) });
}

function refusal(): string {
  try {
    void open().close();
  } catch (error) {
    if (error instanceof Problem && error.code === "data_directory_unusable") return error.message;
    throw error;
  }
  return "opened";
}

async function append(store: Store, tankId: string, seq: number): Promise<void> {
  await store.journal.commit([{ put: "log", row: logRow(tankId, seq) }]);
}

/** Two tanks, the second with one entry, the first with `entries`. Left as a kill leaves it. */
async function fill(entries: number): Promise<Store> {
  const store = open();
  await store.journal.commit([
    { put: "tank", row: tankRow("t1") },
    { put: "tank", row: { ...tankRow("t2", 2), tank_key: "fedcba9876543210" } },
    { put: "log", row: logRow("t2", 1) },
  ]);
  for (let seq = 1; seq <= entries; seq++) await append(store, "t1", seq);
  return store;
}

function seqs(store: Store): Promise<Record<string, number>> {
  return store.journal
    .watermarks()
    .then((marks) => Object.fromEntries(marks.map((mark) => [mark.tank_id, mark.seq])));
}

describe("a database that has lost commits", () => {
  test("because its write-ahead log was cut off, is noticed and named at every start", async () => {
    const store = await fill(20);
    // A kill: nothing is closed, so the log of the database is still beside it.
    for (const name of ["tankd.db", "tankd.db-wal", "tankd.watermarks"]) {
      copyFileSync(at(name), at(`copy-${name}`));
    }
    await store.close();
    truncateSync(
      at("copy-tankd.db-wal"),
      Math.floor(readFileSync(at("copy-tankd.db-wal")).length / 2),
    );
    for (const name of ["tankd.db", "tankd.db-wal", "tankd.watermarks"]) {
      rmSync(at(name), { force: true });
      copyFileSync(at(`copy-${name}`), at(name));
    }
    const damaged = open();
    const rows = await damaged.journal.log("t1", 0);
    expect(rows.length).toBeLessThan(20);
    expect(await seqs(damaged)).toEqual({ t1: 20, t2: 1 });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /has lost its last \d+ commits: it ends at commit \d+, and 21 were/,
    );
    expect(damaged.journal.position).toBe(21);
    await damaged.close();
    const again = open();
    expect(await again.journal.meta(JOURNAL_LOST)).toBe(warnings[0] ?? "");
    expect(await seqs(again)).toEqual({ t1: 20, t2: 1 });
    await again.close();
  });

  test("a whole tank among them, still knows that there was one", async () => {
    const store = await fill(3);
    await store.close();
    copyFileSync(at("tankd.db"), at("backup.db"));
    const later = open();
    await later.journal.commit([
      { put: "tank", row: { ...tankRow("t3", 3), tank_key: "aaaaaaaaaaaaaaaa" } },
      { put: "log", row: logRow("t3", 1) },
    ]);
    await later.close();
    copyFileSync(at("backup.db"), at("tankd.db"));
    for (const _ of ["first start", "next start"]) {
      const restored = open();
      expect((await restored.journal.tanks()).map((row) => row.tank_id)).toEqual(["t1", "t2"]);
      expect(await seqs(restored)).toEqual({ t1: 3, t2: 1, t3: 1 });
      await restored.close();
    }
  });

  test("may go on once that is settled: what was lost is then forgotten", async () => {
    await (await fill(3)).close();
    copyFileSync(at("tankd.db"), at("backup.db"));
    const later = open();
    await later.journal.commit([
      { put: "tank", row: { ...tankRow("t3", 3), tank_key: "aaaaaaaaaaaaaaaa" } },
      { put: "log", row: logRow("t3", 1) },
    ]);
    await later.close();
    copyFileSync(at("backup.db"), at("tankd.db"));
    const restored = open();
    await restored.journal.commit([{ put: "meta", key: JOURNAL_LOST, value: "" }]);
    await restored.close();
    warnings = [];
    const settled = open();
    expect(await seqs(settled)).toEqual({ t1: 3, t2: 1 });
    expect(warnings).toEqual([]);
    await settled.close();
  });

  test("altogether, is refused, and so is not taken for a new one", async () => {
    await (await fill(3)).close();
    rmSync(at("tankd.db"));
    expect(refusal()).toContain("records 2 tanks: restore the directory from a backup");
    // Also the next time, when the empty database is no new file any more.
    expect(refusal()).toContain("records 2 tanks");
    rmSync(at("tankd.watermarks"));
    expect(refusal()).toBe("opened");
  });

  test("to another database in its place, is noticed", async () => {
    await (await fill(3)).close();
    copyFileSync(at("tankd.watermarks"), at("kept"));
    rmSync(at("tankd.db"));
    rmSync(at("tankd.watermarks"));
    await (await fill(5)).close();
    copyFileSync(at("kept"), at("tankd.watermarks"));
    const store = open();
    expect(warnings[0]).toContain("is not the database that");
    expect(await store.journal.meta(JOURNAL_LOST)).toContain("not the database that");
    await store.close();
  });
});

describe("the watermark file", () => {
  test("is made anew where it is missing, with a word", async () => {
    await (await fill(4)).close();
    rmSync(at("tankd.watermarks"));
    const store = open();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("missing or unreadable; it is rebuilt");
    expect(await seqs(store)).toEqual({ t1: 4, t2: 1 });
    expect(await store.journal.meta(JOURNAL_LOST)).toBeUndefined();
    await store.close();
  });

  test("is made anew if it is empty or garbage, also of a log trimmed to a snapshot", async () => {
    const store = await fill(4);
    const { seq, tick, checksum } = logRow("t1", 4);
    await store.journal.commit([
      {
        put: "snapshot",
        row: {
          tank_id: "t1",
          seq,
          tick,
          digest: "d",
          file: "f",
          bytes: 1,
          engine_version: 1,
          log_checksum: checksum,
          log_bytes: 0,
          created_at: 1,
        },
      },
      { remove: "log", tank_id: "t1", up_to_seq: 4 },
    ]);
    await store.close();
    for (const content of [new Uint8Array(), new Uint8Array(3000).fill(7)]) {
      writeFileSync(at("tankd.watermarks"), content);
      const again = open();
      expect(await again.journal.watermark("t1")).toEqual({ tank_id: "t1", seq, tick, checksum });
      await again.close();
    }
    expect(warnings).toHaveLength(2);
  });

  test("names a tank whose mark is damaged in both copies, and keeps the others", async () => {
    await (await fill(4)).close();
    const bytes = readFileSync(at("tankd.watermarks"));
    const text = new TextDecoder("latin1").decode(bytes);
    for (let found = text.indexOf("t1"); found >= 0; found = text.indexOf("t1", found + 1)) {
      bytes[found] = 0x78;
    }
    writeFileSync(at("tankd.watermarks"), bytes);
    const store = open();
    expect(warnings).toEqual([expect.stringContaining("rebuilt from the log: 1")]);
    expect(await seqs(store)).toEqual({ t1: 4, t2: 1 });
    await store.close();
  });

  test("of a tank that was removed just before a kill does not outlive it", async () => {
    await (await fill(2)).close();
    copyFileSync(at("tankd.watermarks"), at("before"));
    const store = open();
    await store.journal.commit([{ remove: "tank", tank_id: "t2" }]);
    await store.close();
    // The transaction was durable, the mark not yet.
    copyFileSync(at("before"), at("tankd.watermarks"));
    const again = open();
    expect(await seqs(again)).toEqual({ t1: 2 });
    expect(warnings).toEqual([]);
    await again.close();
  });

  test("may lag behind by an entry that a kill kept from being acknowledged", async () => {
    await (await fill(2)).close();
    copyFileSync(at("tankd.watermarks"), at("before"));
    const store = open();
    await append(store, "t1", 3);
    await store.close();
    copyFileSync(at("before"), at("tankd.watermarks"));
    const again = open();
    expect(await seqs(again)).toEqual({ t1: 2, t2: 1 });
    expect(again.journal.position).toBe(4);
    expect(warnings).toEqual([]);
    await append(again, "t1", 4);
    expect(await seqs(again)).toEqual({ t1: 4, t2: 1 });
    await again.close();
  });
});

test("a database that was made before there were watermarks gets them without a word", async () => {
  await (await fill(2)).close();
  rmSync(at("tankd.watermarks"));
  const database = new Database(at("tankd.db"));
  database.run("UPDATE journal SET position = 0");
  database.close();
  const store = open();
  expect(await seqs(store)).toEqual({ t1: 2, t2: 1 });
  expect(warnings).toEqual([]);
  expect(existsSync(at("tankd.watermarks"))).toBe(true);
  await store.close();
});
