/**
 * Disks that read back an old version of a page, or have written a page to the place of another:
 * each page has a sound checksum then, and SQLite has none anyway.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../../src/platform/errors.ts";
import { JOURNAL_LOST, type Journal, type JournalWrite } from "../../src/store/journal.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { chain, firstChecksum, verifyChain } from "../../src/tanks/log/log-chain.ts";
import { connectionRow, inboxRow, logRow, outboxRow, rememberedRow, tankRow } from "./rows.ts";

const TIMEOUT_MS = 120_000;
const ROUNDS = 240;
const ROUNDS_PER_IMAGE = 60;
/** So few that most decisions are forgotten. */
const BOUNDS = { transferEventsMax: 100, transfersKeptMax: 60 };
const SOURCES = 12;
const NUMBERS = Array.from({ length: ROUNDS }, (_, number) => number);
const TANK = tankRow("t1");
/** A page is overwritten by those that so many pages later follow. */
const DISTANCES = [1, 7, 31];

let folder = "";
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-stray-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pairOf = (number: number) => ({
  source_node_id: `n${number % SOURCES}`,
  source_tank_id: "s",
  destination_tank_id: "t1",
});
const sequenceOf = (number: number) => 1 + Math.floor(number / SOURCES);

function writesOf(number: number, checksum: string): readonly JournalWrite[] {
  const entry = { ...logRow("t1", number + 1), payload: new Uint8Array(90).fill(number) };
  const arrival = { ...inboxRow(`in ${number}`), ...pairOf(number), sequence: sequenceOf(number) };
  const settled = { state: "delivered", attempts: 1, reason: null, updated_at: number } as const;
  return [
    { put: "log", row: chain(checksum, entry) },
    { put: "outbox", row: { ...outboxRow(`out ${number}`, number + 1), record: entry.payload } },
    ...(number < 5
      ? []
      : [{ update: "outbox", transfer_id: `out ${number - 5}`, ...settled } as const]),
    { put: "inbox", row: arrival },
    { put: "horizon", row: { ...pairOf(number), lowest_undecided: sequenceOf(number) } },
    ...(number % SOURCES > 0
      ? []
      : [
          { put: "connection", row: connectionRow(`c${number}`) } as const,
          { put: "remembered", row: rememberedRow(`n${number}`, number) } as const,
        ]),
  ];
}

/** A closed database, and what its file was before. */
async function fill(): Promise<readonly Buffer[]> {
  const images: Buffer[] = [];
  let checksum = firstChecksum(TANK);
  for (let round = 0; round < ROUNDS; round += ROUNDS_PER_IMAGE) {
    const { journal, close } = openSqliteStore(at("tankd.db"), { bounds: BOUNDS });
    if (round === 0) await journal.commit([{ put: "tank", row: TANK }]);
    for (let number = round; number < round + ROUNDS_PER_IMAGE; number++) {
      const writes = writesOf(number, checksum);
      for (const write of writes) {
        if ("put" in write && write.put === "log") ({ checksum } = write.row);
      }
      await journal.commit(writes);
    }
    await close();
    images.push(readFileSync(at("tankd.db")));
  }
  return images;
}

interface Seen {
  readonly rows: string;
  /** Whether what contradicts it would stop a node, or its tank. */
  readonly isNoticed: boolean;
  readonly warnings: readonly string[];
}

/** What a node reads; undefined when it refuses to start. */
async function look(): Promise<Seen | undefined> {
  const warnings: string[] = [];
  try {
    const warn = (warning: string) => warnings.push(warning);
    const store = openSqliteStore(at("tankd.db"), { bounds: BOUNDS, warn });
    try {
      const { journal } = store;
      const isNoticed =
        (await journal.meta(JOURNAL_LOST)) !== undefined || !(await isWhole(journal));
      return { rows: await rowsOf(journal), isNoticed, warnings };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof Problem && error.code === "data_directory_unusable") return undefined;
    throw error;
  }
}

/** As recovery looks at the log. */
async function isWhole(journal: Journal): Promise<boolean> {
  const start = { seq: 0, tick: 0, checksum: firstChecksum(TANK) };
  try {
    const end = verifyChain(start, await journal.log("t1", 0));
    return (await journal.watermark("t1"))?.checksum === end;
  } catch {
    return false;
  }
}

/** Everything by which a node settles transfers, or knows its tanks and neighbours. */
async function rowsOf(journal: Journal): Promise<string> {
  const limit = 10_000;
  return JSON.stringify([
    await Promise.all([journal.tanks(), journal.outbox({ limit }), journal.openOutbox()]),
    await Promise.all([journal.inbox({ limit }), journal.lastSequences(), journal.connections()]),
    await Promise.all(NUMBERS.map((number) => journal.outboxRow(`out ${number}`))),
    await Promise.all(NUMBERS.map((number) => decisionOn(journal, number))),
    await journal.remembered(),
  ]);
}

/** What a late copy of an accepted transfer would meet: never "unknown", which imports it again. */
async function decisionOn(journal: Journal, number: number): Promise<string> {
  const pair = pairOf(number);
  const row = await journal.inboxRow(pair.source_node_id, `in ${number}`);
  if (row) return row.decision;
  return sequenceOf(number) < (await journal.horizon(pair)) ? "stale" : "unknown";
}

/** Replaces each page in turn by others, and counts what a node makes of it. */
async function replacePages(
  sound: Buffer,
  others: (page: number, pages: number) => readonly (Uint8Array | undefined)[],
): Promise<Readonly<Record<string, number>>> {
  const bytes = pageBytesOf(sound);
  const pages = sound.length / bytes;
  const before = await look();
  const seen: Record<string, number> = {};
  copyFileSync(at("tankd.watermarks"), at("sound.watermarks"));
  for (let page = 1; page < pages; page++) {
    for (const other of others(page, pages)) {
      if (!other || sound.subarray(page * bytes, (page + 1) * bytes).equals(other)) continue;
      const file = Buffer.from(sound);
      file.set(other, page * bytes);
      for (const name of ["tankd.db-wal", "tankd.db-shm"]) rmSync(at(name), { force: true });
      writeFileSync(at("tankd.db"), file);
      copyFileSync(at("sound.watermarks"), at("tankd.watermarks"));
      const what = outcomeOf(before, await look());
      if (what.startsWith("silent")) throw new Error(`page ${page + 1}: ${what}`);
      seen[what] = (seen[what] ?? 0) + 1;
    }
  }
  return seen;
}

function outcomeOf(before: Seen | undefined, after: Seen | undefined): string {
  if (!after) return "refused";
  if (after.isNoticed) return "noticed";
  if (after.rows !== before?.rows) return `silent: ${after.rows.slice(0, 200)}`;
  return after.warnings.length > 0 ? "repaired" : "harmless";
}

/** Of the pages of a database (sqlite.org/fileformat.html, 1.3.2). */
function pageBytesOf(database: Buffer): number {
  return database.readUInt16BE(16);
}

test(
  "an old version of any page is refused, noticed, or repaired, and changes no decision",
  async () => {
    const images = await fill();
    const sound = readFileSync(at("tankd.db"));
    const bytes = pageBytesOf(sound);
    const seen = await replacePages(sound, (page) =>
      images.slice(0, -1).map((image) => {
        const old = image.subarray(page * bytes, (page + 1) * bytes);
        return old.length === bytes ? old : undefined;
      }),
    );
    // Otherwise the pages have hit nothing of the kind.
    for (const what of ["refused", "noticed", "repaired"]) expect(seen[what]).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  "a page that lies in the place of another is refused, noticed, or repaired",
  async () => {
    await fill();
    const sound = readFileSync(at("tankd.db"));
    const bytes = pageBytesOf(sound);
    const seen = await replacePages(sound, (page, pages) =>
      DISTANCES.map((distance) => {
        const other = (page + distance) % pages;
        return sound.subarray(other * bytes, (other + 1) * bytes);
      }),
    );
    expect(seen["refused"]).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
