import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuseLostDatabase } from "../../src/store/sqlite/before-opening.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { inboxRow, logRow, tankRow } from "./rows.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-before-"));
  path = join(folder, "tankd.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A closed database, with so many tanks. */
async function fill(tanks: number): Promise<void> {
  const store = openSqliteStore(path);
  for (let ordinal = 1; ordinal <= tanks; ordinal++) {
    const row = tankRow(`t${ordinal}`, ordinal);
    await store.journal.commit([
      { put: "tank", row },
      { put: "log", row: logRow(row.tank_id, 1) },
    ]);
  }
  await store.close();
}

/** What is said against opening it; empty when nothing is. Fails when the look changes anything. */
function complaint(): string {
  const contents = () =>
    readdirSync(folder, { withFileTypes: true }).map((entry) => [
      entry.name,
      entry.isFile() ? readFileSync(join(folder, entry.name)).toString("hex") : "",
    ]);
  const before = contents();
  try {
    refuseLostDatabase(path);
    return "";
  } catch (error) {
    expect(error).toMatchObject({ code: "data_directory_unusable" });
    return String(error);
  } finally {
    expect(contents()).toEqual(before);
  }
}

test("a new directory, a sound database and an empty file are fine", async () => {
  expect(complaint()).toBe("");
  writeFileSync(path, "");
  expect(complaint()).toBe("");
  await fill(1);
  expect(complaint()).toBe("");
});

test("what stands in its place and is no file is left to SQLite to name", () => {
  mkdirSync(path);
  expect(complaint()).toBe("");
});

test("a file that does not begin like a database is not opened", async () => {
  await fill(1);
  const bytes = readFileSync(path);
  bytes[0] = 0;
  writeFileSync(path, bytes);
  expect(complaint()).toContain("it is not an SQLite database");
  truncateSync(path, 5);
  expect(complaint()).toContain("it is not an SQLite database");
});

for (const [name, lose] of [
  ["missing", () => rmSync(path)],
  ["empty", () => truncateSync(path, 0)],
] as const) {
  test(`a database that is ${name} is not made anew while watermarks list its tanks`, async () => {
    await fill(2);
    lose();
    const said = complaint();
    expect(said).toContain("records 2 tanks");
    expect(said).toContain("remove tankd.watermarks to start without them");
    rmSync(join(folder, "tankd.watermarks"));
    expect(complaint()).toBe("");
  });

  test(`a database that is ${name} is missed without tanks too: it held decisions`, async () => {
    const store = openSqliteStore(path);
    await store.journal.commit([{ put: "inbox", row: inboxRow("refused") }]);
    await store.close();
    lose();
    expect(complaint()).toContain("records commits up to number 1:");
  });

  test(`a database that is ${name} is not made anew beside a log with its commits`, async () => {
    await fill(0);
    lose();
    rmSync(join(folder, "tankd.watermarks"));
    writeFileSync(`${path}-wal`, "commits");
    expect(complaint()).toContain("remove tankd.db-wal to start without them");
    rmSync(`${path}-wal`);
    expect(complaint()).toBe("");
  });
}
