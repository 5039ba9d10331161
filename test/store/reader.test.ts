import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openSqliteReader } from "../../src/store/sqlite/reader.ts";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeOldDatabase } from "./old-databases.ts";
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

test("a journal of a newer schema, another program or no node yet is named, not used", async () => {
  const path = newPath();
  await openSqliteStore(path).close();
  const database = new Database(path);
  database.run("UPDATE schema_version SET version = version + 1");
  database.close();
  expect(() => openSqliteReader(path)).toThrow("was written by a newer tankd");
  const foreign = newPath();
  const other = new Database(foreign);
  other.run("CREATE TABLE places (url TEXT)");
  other.close();
  expect(() => openSqliteReader(foreign)).toThrow("belongs to another program");
  const empty = newPath();
  writeFileSync(empty, "");
  expect(() => openSqliteReader(empty)).toThrow("no node has run on it yet");
});

test("a journal of an older schema is read, and left as it is", async () => {
  const path = newPath();
  const version = SCHEMA_STEPS.length - 1;
  await makeOldDatabase(path, version);
  const before = readFileSync(path);
  const reader = openSqliteReader(path);
  expect((await reader.tanks()).map((row) => row.tank_id)).toContain("0123456789abcdef");
  reader.close();
  expect(readFileSync(path)).toEqual(before);
});

test("a reader never keeps the writer from writing", async () => {
  const path = newPath();
  const store = openSqliteStore(path);
  await store.journal.commit([{ put: "tank", row: tankRow("a") }]);
  const readers = Array.from({ length: 5 }, () => openSqliteReader(path));
  for (let seq = 1; seq <= 50; seq++) {
    await store.journal.commit([{ put: "log", row: logRow("a", seq) }]);
    for (const reader of readers) expect(await reader.log("a", seq - 1)).toHaveLength(1);
  }
  for (const reader of readers) reader.close();
  await store.close();
});

/** Runs a script that opens a reader, where `folder` is mounted read-only; what it prints. */
function readFromReadOnly(folder: string): string {
  const script = join(import.meta.dir, "read-journal.ts");
  const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
  const child = Bun.spawnSync(
    ["unshare", "--mount", "sh", "-c", mount, folder, process.execPath, script, folder],
    { stdout: "pipe", stderr: "pipe" },
  );
  return child.stdout.toString() + child.stderr.toString();
}

const canMount =
  process.platform === "linux" &&
  Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).success;

test.if(canMount)("a read-only directory can be read, as far as it was closed", async () => {
  const path = newPath();
  const folder = dirname(path);
  const store = openSqliteStore(path);
  await store.journal.commit([
    { put: "tank", row: tankRow("a") },
    { put: "log", row: logRow("a", 1) },
  ]);
  // Beside the node that runs.
  expect(readFromReadOnly(folder)).toBe("1 entries, watermark 1\n");
  const unclosed = newPath();
  for (const name of ["tankd.db", "tankd.db-wal"]) {
    copyFileSync(join(folder, name), join(dirname(unclosed), name));
  }
  await store.close();
  expect(readFromReadOnly(folder)).toBe("1 entries, watermark 1\n");
  expect(readFromReadOnly(dirname(unclosed))).toContain(
    "was not closed cleanly and can only be read",
  );
});
