import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../../src/platform/errors.ts";
import { JOURNAL_LOST, StorageUnavailable } from "../../src/store/journal.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { logRow, tankRow } from "./rows.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-sqlite-"));
  path = join(folder, "tankd.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A closed database with one tank and some log. */
async function makeDatabase(): Promise<void> {
  const store = openSqliteStore(path);
  await store.journal.commit([
    { put: "tank", row: tankRow("t1") },
    ...Array.from({ length: 500 }, (_, index) => ({
      put: "log" as const,
      row: logRow("t1", index + 1),
    })),
  ]);
  await store.close();
}

function refusal(): string {
  try {
    void openSqliteStore(path).close();
  } catch (error) {
    if (error instanceof Problem && error.code === "data_directory_unusable") return error.message;
    throw error;
  }
  return "opened";
}

describe("what is refused at the start, in one sentence", () => {
  test("a database of a newer schema", async () => {
    await makeDatabase();
    const database = new Database(path);
    database.run("UPDATE schema_version SET version = 99");
    database.close();
    expect(refusal()).toContain(
      `newer tankd (schema 99, this one supports ${SCHEMA_STEPS.length})`,
    );
  });

  test("a database of another program", () => {
    const database = new Database(path);
    database.run("CREATE TABLE places (url TEXT)");
    database.close();
    expect(refusal()).toContain("belongs to another program");
  });

  test("a file that is no database", () => {
    writeFileSync(path, "not a database, but long enough to be looked at".repeat(100));
    expect(refusal()).toContain("is damaged");
  });

  test("a database with a page of rubbish", async () => {
    await makeDatabase();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 5 * 4096, 9 * 4096);
    writeFileSync(path, bytes);
    expect(refusal()).toContain("is damaged");
  });

  test.each([
    ["tankd.db", "cannot be used: tankd.db: a directory is in place of a file (EISDIR)"],
    ["tankd.db-wal", "cannot be used: tankd.db-wal: a directory is in place of a file (EISDIR)"],
  ])("a folder in place of %s, named as that", async (name, words) => {
    await makeDatabase();
    rmSync(join(folder, name), { force: true });
    mkdirSync(join(folder, name));
    expect(refusal()).toContain(words);
  });

  test("a link that leads to itself", () => {
    symlinkSync(path, path);
    expect(refusal()).toContain(`${path} cannot be used: the system reports an error (ELOOP)`);
  });

  test("a driver without shared memory, such as that of a database in memory", () => {
    expect(() => openDatabase(":memory:")).toThrow(
      /cannot be used: its file system.* refuses shared memory.*: put the data directory on/,
    );
  });

  test("a folder that is not there", () => {
    path = join(folder, "no", "tankd.db");
    expect(refusal()).toContain("cannot be opened");
  });
});

test("a commit and a checkpoint reach the disk, past the cache of the drive on macOS", () => {
  const database = openDatabase(path);
  const read = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {});
  const names = ["journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync"];
  expect(names.flatMap(read)).toEqual(["wal", 2, 1, 1]);
  database.close();
});

test("closing leaves the database whole in one file, with the watermarks beside it", async () => {
  await makeDatabase();
  expect(readdirSync(folder)).toEqual(["tankd.db", "tankd.watermarks"]);
});

test("a schema step that was cut short by a crash leaves nothing behind", async () => {
  const database = new Database(path);
  database.run("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT");
  database.run("INSERT INTO schema_version VALUES (0)");
  database.close();
  const store = openSqliteStore(path);
  expect(await store.journal.tanks()).toEqual([]);
  await store.close();
});

test("a database locked by another program is StorageUnavailable until it is free", async () => {
  const store = openSqliteStore(path);
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  const commit = store.journal.commit([{ put: "meta", key: "k", value: "v" }]);
  await expect(commit).rejects.toBeInstanceOf(StorageUnavailable);
  other.run("ROLLBACK");
  await store.journal.commit([{ put: "meta", key: "k", value: "v" }]);
  expect(await store.journal.meta("k")).toBe("v");
  other.close();
  await store.close();
});

/** Runs `use` on a file system of 512 kB. Needs the right to mount: as root on Linux. */
async function onTinyDisk(use: () => Promise<void>): Promise<void> {
  Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]);
  try {
    await use();
  } finally {
    Bun.spawnSync(["umount", folder]);
  }
}

const canMount =
  process.platform === "linux" &&
  Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).success;

test.if(canMount)(
  "a full disk rejects the commit whole, still reads, and takes writes when there is room",
  async () => {
    await onTinyDisk(async () => {
      const ballast = join(folder, "ballast");
      const store = openSqliteStore(path);
      await store.journal.commit([{ put: "meta", key: "k", value: "before" }]);
      writeFileSync(ballast, new Uint8Array(200_000));
      const tooMuch = { put: "meta", key: "big", value: "x".repeat(300_000) } as const;
      const commit = store.journal.commit([{ put: "meta", key: "k", value: "after" }, tooMuch]);
      await expect(commit).rejects.toThrow(/the disk is full|the disk reports an error/);
      await expect(commit).rejects.toBeInstanceOf(StorageUnavailable);
      expect(await store.journal.meta("k")).toBe("before");
      rmSync(ballast);
      await store.journal.commit([{ put: "meta", key: "k", value: "after" }]);
      expect(await store.journal.meta("k")).toBe("after");
      await store.close();
    });
  },
);

/**
 * Makes a file take no writes, also of those who have it open: as root, on a file system that can.
 */
function freeze(name: string, frozen: boolean): boolean {
  return Bun.spawnSync(["chattr", frozen ? "+i" : "-i", join(folder, name)]).success;
}

const canFreeze = (() => {
  const probe = mkdtempSync(join(tmpdir(), "tankd-freeze-"));
  const freezes = Bun.spawnSync(["chattr", "+i", probe]).success;
  Bun.spawnSync(["chattr", "-i", probe]);
  rmSync(probe, { recursive: true });
  return freezes;
})();

test.if(canFreeze)(
  "a file that becomes read-only while it is open refuses commits by name, " +
    "and what stands is whole",
  async () => {
    const store = openSqliteStore(path);
    const put = (value: string) =>
      store.journal.commit([{ put: "meta", key: "k", value }]).then(
        () => "committed",
        (error) => `${error.name}: ${error.message}`,
      );
    expect(await put("a")).toBe("committed");
    freeze("tankd.watermarks", true);
    // Durable in the database, so it stands; what comes after it has to wait for its watermark.
    expect(await put("b")).toBe("committed");
    expect(await put("c")).toMatch(/^StorageUnavailable: .*tankd.watermarks: access is denied/);
    expect(await store.journal.meta("k")).toBe("b");
    freeze("tankd.watermarks", false);
    expect(await put("d")).toBe("committed");
    freeze("tankd.db-wal", true);
    expect(await put("e")).toMatch(/^StorageUnavailable: the disk reports an error/);
    freeze("tankd.db-wal", false);
    expect(await store.journal.meta("k")).toBe("d");
    expect(await put("f")).toBe("committed");
    expect(store.journal.position).toBe(4);
    await store.close();
    const again = openSqliteStore(path);
    expect(await again.journal.meta("k")).toBe("f");
    expect(await again.journal.meta(JOURNAL_LOST)).toBeUndefined();
    await again.close();
  },
);

test("every query of transfers uses an index", async () => {
  await makeDatabase();
  const database = new Database(path);
  const plan = (sql: string) =>
    database
      .prepare<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => row.detail)
      .join("; ");
  const open = "SELECT * FROM outbox WHERE state IN ('pending', 'in_doubt') ORDER BY place";
  expect(plan(open)).toContain("outbox_open");
  expect(plan("SELECT * FROM transfer_events WHERE transfer_id = 'x'")).toContain("SEARCH");
  expect(
    plan("SELECT MAX(sequence) FROM outbox GROUP BY source_tank_id, destination_tank_id"),
  ).toContain("COVERING INDEX outbox_by_pair");
  database.close();
});
