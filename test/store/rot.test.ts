import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem, StorageDamaged, StorageUnavailable } from "../../src/platform/errors.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { JOURNAL_LOST, type Journal, type Store } from "../../src/store/journal.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { openThreadedStore } from "../../src/store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../../src/store/sqlite/thread/worker-disk.ts";
import { chain, firstChecksum, verifyChain } from "../../src/tanks/log/log-chain.ts";
import { inboxRow, logRow, outboxRow, tankRow } from "./rows.ts";

/** Of 600 two hid a transfer from a node that only ran `quick_check`. */
const FLIPS = 200;
const ENTRIES = 300;
const TRANSFERS = 60;

let folder = "";
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-rot-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TANK = tankRow("t1");

/** A closed directory with a chained log and some transfers. */
async function fill(): Promise<void> {
  const store = openSqliteStore(at("tankd.db"));
  await store.journal.commit([{ put: "tank", row: TANK }]);
  let checksum = firstChecksum(TANK);
  for (let seq = 1; seq <= ENTRIES; seq++) {
    const row = chain(checksum, {
      tank_id: "t1",
      seq,
      tick: seq * 7,
      kind: "feed",
      payload: new Uint8Array(200).fill(seq),
      digest: null,
      engine_version: 1,
    });
    checksum = row.checksum;
    await store.journal.commit([{ put: "log", row }]);
  }
  for (let number = 1; number <= TRANSFERS; number++) {
    await store.journal.commit([
      { put: "outbox", row: outboxRow(`out ${number}`, number) },
      { put: "inbox", row: inboxRow(`in ${number}`) },
    ]);
  }
  await store.close();
}

/** Of the pages of this database (sqlite.org/fileformat.html, 1.3.2). */
function pageBytesOf(name: string): number {
  return readFileSync(at(name)).readUInt16BE(16);
}

/** What a node that starts on the directory notices; empty when it takes everything for sound. */
async function noticed(): Promise<string> {
  let store: Store;
  try {
    store = openSqliteStore(at("tankd.db"));
  } catch (error) {
    if (error instanceof Problem && error.code === "data_directory_unusable") return "refused";
    throw error;
  }
  try {
    return await noticedIn(store.journal);
  } catch (error) {
    if (error instanceof StorageDamaged) return "unreadable";
    throw error;
  } finally {
    await store.close();
  }
}

async function noticedIn(journal: Journal): Promise<string> {
  if (await journal.meta(JOURNAL_LOST)) return "lost";
  const tank = (await journal.tanks())[0];
  if (!tank) return "no tank";
  const log = await journal.log("t1", 0);
  const start = { seq: 0, tick: 0, checksum: firstChecksum(tank) };
  try {
    const last = verifyChain(start, log);
    if ((await journal.watermark("t1"))?.checksum !== last) return "log is short";
  } catch {
    return "broken chain";
  }
  expect(await journal.openOutbox()).toHaveLength(TRANSFERS);
  expect(await journal.inbox({ limit: 1000 })).toHaveLength(TRANSFERS);
  // Each by its id: that goes another way, by an index.
  for (let number = 1; number <= TRANSFERS; number++) {
    if (!(await journal.outboxRow(`out ${number}`))) return `out ${number} missing`;
    if (!(await journal.inboxRow("n1", `in ${number}`))) return `in ${number} missing`;
  }
  return "";
}

/** Runs `check` with one byte of the file changed at each of many places. */
async function flipEach(name: string, check: (offset: number) => Promise<void>): Promise<void> {
  for (const kept of ["tankd.db", "tankd.watermarks"]) copyFileSync(at(kept), at(`sound-${kept}`));
  const sound = readFileSync(at(name));
  const draws = new SimulatedWorld({ seed: 4 }).stream("flips");
  for (let flip = 0; flip < FLIPS; flip++) {
    for (const kept of ["tankd.db", "tankd.watermarks"]) {
      copyFileSync(at(`sound-${kept}`), at(kept));
    }
    const offset = draws.integer(0, sound.length - 1);
    const bytes = Uint8Array.from(sound);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << draws.integer(0, 7));
    writeFileSync(at(name), bytes);
    await check(offset);
  }
}

test("a flipped bit in the database is noticed, or changed no entry and hid no row", async () => {
  await fill();
  expect(await noticed()).toBe("");
  const seen = new Set<string>();
  await flipEach("tankd.db", async (offset) => {
    const found = await noticed();
    expect([offset, found]).not.toEqual([offset, expect.stringContaining("missing")]);
    seen.add(found);
  });
  // Else the flips have hit nothing.
  expect([...seen].sort()).toEqual(["", "broken chain", "refused"]);
}, 60_000);

test("a flipped bit in the watermark file is no false alarm, and costs no watermark", async () => {
  await fill();
  await flipEach("tankd.watermarks", async (offset) => {
    expect([offset, await noticed()]).toEqual([offset, ""]);
  });
}, 60_000);

test("a database that was cut off is noticed, wherever that is", async () => {
  await fill();
  const whole = readFileSync(at("tankd.db"));
  // By a whole page at least: of the last one less may be free, and then nothing is missing.
  for (let length = whole.length - pageBytesOf("tankd.db"); length >= 0; length -= 1501) {
    writeFileSync(at("tankd.db"), whole);
    truncateSync(at("tankd.db"), length);
    expect([length, await noticed()]).toEqual([length, "refused"]);
  }
});

/** Larger than what is checked before a start. */
async function fillLarge(): Promise<void> {
  const store = openSqliteStore(at("tankd.db"));
  await store.journal.commit([{ put: "tank", row: TANK }]);
  for (let from = 1; from < 40; from++) {
    const rows = Array.from({ length: 250 }, (_, index) => logRow("t1", from * 250 + index));
    await store.journal.commit(
      rows.map((row) => ({ put: "log", row: { ...row, payload: new Uint8Array(2000) } }) as const),
    );
  }
  await store.journal.commit([{ put: "inbox", row: inboxRow("the one transfer") }]);
  await store.close();
  expect(statSync(at("tankd.db")).size).toBeGreaterThan(16 * 1024 * 1024);
}

function openInThread(said: string[]): Promise<Store> {
  const note = (event: string) => void said.push(event);
  return openThreadedStore({
    spawn: () => workerDisk(new Worker(new URL("../../src/disk.ts", import.meta.url))),
    path: at("tankd.db"),
    timers: realTimers,
    log: { debug: note, info: note, warn: note, error: note },
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}

test("a large database is checked beside the running node; damage ends its commits", async () => {
  await fillLarge();
  const said: string[] = [];
  const sound = await openInThread(said);
  await until(() => said.length > 0);
  expect(said).toEqual(["storage checked"]);
  await sound.journal.commit([{ put: "meta", key: "k", value: "v" }]);
  await sound.close();
  copyFileSync(at("tankd.db"), at("sound.db"));
  const bytes = readFileSync(at("tankd.db"));
  // In the index of transfer ids: nothing that a read of the whole table would notice.
  bytes[bytes.lastIndexOf("the one transfer")] = 0x54;
  writeFileSync(at("tankd.db"), bytes);
  const store = await openInThread(said);
  await until(() => said.length > 1);
  expect(said).toEqual(["storage checked", "storage is damaged"]);
  const commit = store.journal.commit([{ put: "meta", key: "k", value: "w" }]);
  const error = await commit.catch((one: unknown) => one);
  expect(error).toBeInstanceOf(StorageDamaged);
  expect(String(error)).toContain("is damaged");
  expect(await store.journal.meta("k")).toBe("v");
  await store.close();
  const again = await openInThread(said).catch((one: unknown) => one);
  expect(again).toBeInstanceOf(Problem);
  expect(String(again)).toContain("is damaged");
  copyFileSync(at("sound.db"), at("tankd.db"));
  for (let start = 0; start < 2; start++) await (await openInThread(said)).close();
  expect(readdirSync(folder).filter((name) => name.includes("damaged"))).toEqual([]);
}, 30_000);

test("damage that a commit meets in a large database is found at the next start", async () => {
  await fillLarge();
  const database = new Database(at("tankd.db"));
  const root = database.query("SELECT rootpage FROM sqlite_master WHERE name = 'inbox'").get();
  database.close();
  const bytes = readFileSync(at("tankd.db"));
  const pageBytes = pageBytesOf("tankd.db");
  const page = pageBytes * ((root as { rootpage: number }).rootpage - 1);
  bytes.fill(255, page, page + pageBytes);
  writeFileSync(at("tankd.db"), bytes);
  const store = openSqliteStore(at("tankd.db"));
  const commit = store.journal.commit([{ put: "inbox", row: inboxRow("another") }]);
  expect(await commit.catch((one: unknown) => one)).toBeInstanceOf(StorageDamaged);
  await store.close();
  expect(() => openSqliteStore(at("tankd.db"))).toThrow("is damaged");
});

test("a second program that writes to the database is named, and nothing is mixed", async () => {
  await fill();
  const store = openSqliteStore(at("tankd.db"));
  const other = openSqliteStore(at("tankd.db"));
  await other.journal.commit([{ put: "meta", key: "k", value: "other" }]);
  for (const _ of [1, 2]) {
    const commit = store.journal.commit([{ put: "meta", key: "k", value: "mine" }]);
    const error = await commit.catch((one: unknown) => one);
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(String(error)).toContain("another program has written to the database");
  }
  expect(await store.journal.meta("k")).toBe("other");
  await other.close();
  await store.close();
});
