import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JournalReads, TRANSFERS_UNCOUNTED } from "../../src/store/journal.ts";
import { downgradeDatabase } from "../../src/store/sqlite/downgrade.ts";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";
import { UNDO_FROM_STEP } from "../../src/store/sqlite/schema-undo.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeOldDatabase } from "./old-databases.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-downgrade-"));
  path = join(folder, "tankd.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const OLDEST = UNDO_FROM_STEP - 1;
const NEWEST = SCHEMA_STEPS.length;
const VERSIONS = SCHEMA_STEPS.map((_, index) => index + 1).filter((version) => version >= OLDEST);

/** The database's structure as SQLite sees it, without the order and the wording of its SQL. */
function structureOf(file: string): unknown {
  const database = new Database(file, { readonly: true });
  try {
    const names = database
      .query<{ name: string }, []>(
        "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1",
      )
      .all();
    return names.map(({ name }) => [
      name,
      database.query(`PRAGMA table_info(${name})`).all(),
      database.query(`PRAGMA index_info(${name})`).all(),
      database.query(`SELECT name, "unique", partial FROM pragma_index_list('${name}')`).all(),
    ]);
  } finally {
    database.close();
  }
}

/** What it holds that every version has had. */
async function contentOf(journal: JournalReads): Promise<unknown> {
  return {
    position: journal.position,
    tanks: await journal.tanks(),
    connections: await journal.connections(),
    openOutbox: await journal.openOutbox(),
    inbox: await journal.inbox({ limit: 10 }),
    lastSequences: await journal.lastSequences(),
    transferCounts: await journal.transferCounts(),
    uncounted: await journal.meta(TRANSFERS_UNCOUNTED),
    remembered: await journal.remembered(),
  };
}

/** Forgets the moves of whole tanks that the sample has, with which there is no way back. */
function forgetMoves(): void {
  const database = new Database(path);
  database.run("DELETE FROM moved_tanks");
  database.run("UPDATE moves SET state = 'dropped'");
  database.close();
}

describe("a database is taken back", () => {
  test.each(VERSIONS)("to schema %i, and is then as that version has made it", async (version) => {
    await makeOldDatabase(path, OLDEST);
    const store = openSqliteStore(path);
    const before = await contentOf(store.journal);
    await store.close();
    expect(downgradeDatabase(path, version)).toBe(NEWEST);
    const fresh = join(folder, "fresh.db");
    await makeOldDatabase(fresh, version);
    expect(structureOf(path)).toEqual(structureOf(fresh));
    const upgraded = openSqliteStore(path);
    expect(await contentOf(upgraded.journal)).toEqual(before);
    await upgraded.close();
  });

  test("not further than there is a way, and then nothing is changed", async () => {
    await makeOldDatabase(path, NEWEST);
    const before = structureOf(path);
    expect(() => downgradeDatabase(path, OLDEST - 1)).toThrow("can be taken back to 6");
    expect(() => downgradeDatabase(path, NEWEST + 1)).toThrow("can be taken back");
    expect(structureOf(path)).toEqual(before);
  });

  test("not while two nodes have used one transfer id", async () => {
    // The sample has such a pair.
    await makeOldDatabase(path, NEWEST);
    forgetMoves();
    const before = structureOf(path);
    expect(() => downgradeDatabase(path, OLDEST)).toThrow("the same transfer id");
    expect(structureOf(path)).toEqual(before);
  });

  test("not while copies are on their way, which that version would restore", async () => {
    await makeOldDatabase(path, NEWEST);
    const database = new Database(path);
    database.run("UPDATE outbox SET entity_type = 'copy'");
    database.close();
    const before = structureOf(path);
    expect(() => downgradeDatabase(path, NEWEST - 1)).toThrow("copies of fish are on their way");
    expect(structureOf(path)).toEqual(before);
  });

  test("a connection that copies moves nothing there", async () => {
    await makeOldDatabase(path, NEWEST);
    downgradeDatabase(path, NEWEST - 1);
    const after = new Database(path, { readonly: true });
    const row = after.query("SELECT status FROM connections WHERE connection_id = 'c4'").get();
    after.close();
    expect(row).toEqual({ status: "paused" });
  });

  test.each(["DELETE FROM moves", "DELETE FROM moved_tanks"])(
    "not while tanks have moved, or are moving, %#",
    async (sql) => {
      await makeOldDatabase(path, NEWEST);
      const database = new Database(path);
      database.run(sql);
      database.close();
      const before = structureOf(path);
      expect(() => downgradeDatabase(path, NEWEST - 2)).toThrow("tanks have moved");
      expect(structureOf(path)).toEqual(before);
    },
  );

  test("a paused connection sends nothing there, too", async () => {
    await makeOldDatabase(path, NEWEST);
    forgetMoves();
    const database = new Database(path);
    database.run("UPDATE connections SET status = 'paused'");
    database.close();
    downgradeDatabase(path, UNDO_FROM_STEP + 1);
    const after = new Database(path, { readonly: true });
    const rows = after.query("SELECT DISTINCT probability FROM connections").all();
    after.close();
    expect(rows).toEqual([{ probability: 0 }]);
  });
});
