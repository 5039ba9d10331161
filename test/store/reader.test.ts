import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteReader } from "../../src/store/sqlite/reader.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { logRow, snapshotRow, tankRow } from "./rows.ts";

const folders: string[] = [];

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "tankd-reader-"));
  folders.push(folder);
  return join(folder, "tankd.db");
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test("a reader sees what is committed, while the writer runs and after it", async () => {
  const path = newPath();
  const store = openSqliteStore(path);
  const tank = tankRow("a");
  const first = logRow("a", 1);
  await store.journal.commit([
    { put: "tank", row: tank },
    { put: "log", row: first },
  ]);
  const reader = openSqliteReader(path);
  expect(await reader.tanks()).toEqual([tank]);
  expect(await reader.log(tank.tank_id, 0)).toEqual([first]);
  const second = logRow("a", 2);
  const snapshot = snapshotRow("a", 2);
  await store.journal.commit([
    { put: "log", row: second },
    { put: "snapshot", row: snapshot },
  ]);
  expect(await reader.log(tank.tank_id, 1)).toEqual([second]);
  expect(await reader.snapshots(tank.tank_id)).toEqual([snapshot]);
  expect(reader.position).toBe(store.journal.position);
  expect(await reader.watermarks()).toEqual(await store.journal.watermarks());
  expect(await reader.watermark(tank.tank_id)).toMatchObject({ seq: 2 });
  await store.close();
  expect((await reader.log(tank.tank_id, 0)).length).toBe(2);
  reader.close();

  const later = openSqliteReader(path);
  expect((await later.log(tank.tank_id, 0)).length).toBe(2);
  later.close();
  // It left nothing behind that a node could stumble over.
  const again = openSqliteStore(path);
  expect(await again.journal.tanks()).toEqual([tank]);
  await again.close();
});

test("where there is no journal, none is made", () => {
  const path = newPath();
  expect(() => openSqliteReader(path)).toThrow("no node has run on this directory");
});

test("a journal of another schema is named, and left as it is", async () => {
  const path = newPath();
  await openSqliteStore(path).close();
  const database = new Database(path);
  database.run("UPDATE schema_version SET version = version + 1");
  database.close();
  expect(() => openSqliteReader(path)).toThrow("read it with the version of tankd that made it");
  const older = new Database(path);
  older.run("UPDATE schema_version SET version = 1");
  older.close();
  expect(() => openSqliteReader(path)).toThrow("start this version of tankd on the directory once");
});
