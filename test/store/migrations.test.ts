import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Journal,
  type JournalReads,
  type Store,
  TRANSFERS_UNCOUNTED,
} from "../../src/store/journal.ts";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { migrateFrom } from "../../src/store/sqlite/database.ts";
import { openSqliteReader } from "../../src/store/sqlite/reader.ts";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeOldDatabase, OLD_VERSIONS } from "./old-databases.ts";
import { logRow } from "./rows.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-migrations-"));
  path = join(folder, "tankd.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const VERSIONS = SCHEMA_STEPS.map((_, index) => index + 1);
const REEF = "0123456789abcdef";

/** Everything that a database of a version holds, as the present code must find it. */
function expectedFrom(version: number) {
  const reef = {
    tank_id: REEF,
    name: "reef",
    description: "the first",
    created_at: 1_700_000_000_000,
    seed: 7,
    fish: 50,
    tank_key: "aaaaaaaaaaaaaaaa",
    epoch: 1,
    ordinal: 1,
    origin: "founded",
  };
  const cave = {
    ...reef,
    tank_id: "fedcba9876543210",
    name: "cave",
    description: "",
    created_at: 1_700_000_000_007,
    seed: 8,
    fish: 20,
    tank_key: "bbbbbbbbbbbbbbbb",
    epoch: 2,
    ordinal: 2,
    origin: "forked",
  };
  const remembered = {
    node_id: "n2",
    position: 77,
    boot_id: "boot2",
    statement: "signed",
    heard_by: "transfer",
    heard_at: 1_700_000_000_008,
  };
  const uncounted = {
    tank_id: REEF,
    seq: 1,
    tick: 20,
    digest: "d1",
    file: "snapshots/x/1-20.snapshot",
    bytes: 99,
    engine_version: 1,
    log_checksum: "c1",
    created_at: 1_700_000_000_001,
    log_bytes: 0,
  };
  const counted = {
    ...uncounted,
    seq: 2,
    tick: 50,
    digest: "d2",
    file: "snapshots/x/2-50.snapshot",
    bytes: 98,
    log_checksum: "c2",
    created_at: 1_700_000_000_010,
    log_bytes: 300,
  };
  const decided = {
    transfer_id: "x2",
    source_tank_id: "t9",
    source_node_id: "n9",
    destination_tank_id: REEF,
    entity_type: "fish",
    entity_id: "f2",
    record_digest: "r2",
    sequence: 1,
    decision: "refused",
    reason: "full",
    epoch: 1,
    decided_at: 1_700_000_000_005,
  };
  const ofAnother = {
    ...decided,
    source_tank_id: "t8",
    source_node_id: "n8",
    entity_type: "plant",
    entity_id: "p1",
    decision: "accepted",
    reason: null,
  };
  const plain = {
    connection_id: "c1",
    source_tank_id: REEF,
    destination_tank_id: "t2",
    destination_node_id: "n2",
    probability: 12.5,
    direction: "both",
    selection: "random",
    count: 1,
    rate: null,
    status: "running",
    strategy: "failover",
    mode: "move",
    replacement: "refuse",
    further_destinations: "[]",
    topology: null,
    origin: "auto",
    created_at: 1_700_000_000_002,
  };
  const refined = {
    ...plain,
    connection_id: "c2",
    destination_tank_id: "t3",
    destination_node_id: "n3",
    probability: 100,
    direction: "left",
    selection: "best:speed",
    count: 2,
    rate: 10.5,
    status: "paused",
    strategy: "round-robin",
    further_destinations: '[["n4","t4"]]',
    origin: "manual",
    created_at: 1_700_000_000_011,
  };
  const arranged = {
    ...plain,
    connection_id: "c3",
    destination_tank_id: "t4",
    destination_node_id: "n4",
    probability: 10,
    topology: "ring",
    origin: "manual",
    created_at: 1_700_000_000_012,
  };
  const copying = {
    ...plain,
    connection_id: "c4",
    destination_tank_id: "t5",
    destination_node_id: "n5",
    probability: 10,
    mode: "copy",
    replacement: "fair",
    origin: "manual",
    created_at: 1_700_000_000_013,
  };
  const ofConnection = {
    connection_id: "c1",
    destination_node_id: "n2",
    destination_tank_id: "t2",
  };
  const log = { tank_id: REEF, engine_version: 1 };
  const initiated = {
    transfer_id: "x1",
    at: 1_700_000_000_006,
    event: "initiated",
    detail: "sent",
  };
  const inDoubt = { transfer_id: "x1", at: 1_700_000_000_009, event: "in_doubt", detail: "silent" };
  const plants = {
    side: "in",
    node_id: "n8",
    source_tank_id: "t8",
    destination_tank_id: REEF,
    entity_type: "plant",
    state: "accepted",
    count: 1,
  };
  const stored = {
    move_id: "m1",
    tank_id: "t5",
    name: "lagoon",
    direction: "in",
    peer_node_id: "n2",
    epoch: 2,
    state: "stored",
    digest: "d5",
    bytes: 55,
    reason: null,
    created_at: 1_700_000_000_013,
    updated_at: 1_700_000_000_014,
  };
  const gone = {
    tank_id: "t6",
    epoch: 3,
    node_id: "n2",
    certificates: "[]",
    moved_at: 1_700_000_000_015,
  };
  return {
    position: version >= 3 ? 12 : 0,
    term: '{"counter":3,"node_id":"n1"}',
    tanks: version >= 3 ? [reef, cave] : [reef],
    log: [
      {
        ...log,
        seq: 1,
        tick: 0,
        kind: "mark",
        payload: new Uint8Array(),
        digest: "d1",
        checksum: "c1",
      },
      {
        ...log,
        seq: 2,
        tick: 40,
        kind: "feed",
        payload: Uint8Array.of(0x7b, 0x7d),
        digest: null,
        checksum: "c2",
      },
    ],
    logStart: 1,
    snapshots: version >= 6 ? [counted, uncounted] : [uncounted],
    connections: [plain, refined, arranged, copying].slice(0, connectionsIn(version)),
    openOutbox: [
      {
        transfer_id: "x1",
        source_tank_id: REEF,
        source_node_id: version >= 11 ? "n7" : null,
        destination_tank_id: "t2",
        destination_node_id: "n2",
        connection_id: "c1",
        entity_type: "fish",
        entity_id: "f1",
        side: "left",
        record: Uint8Array.of(1, 2),
        record_digest: "r1",
        sequence: 1,
        state: "pending",
        attempts: 2,
        reason: null,
        created_at: 1_700_000_000_003,
        updated_at: 1_700_000_000_004,
      },
    ],
    inbox: version >= 7 ? [ofAnother, decided] : [decided],
    // What the rows of a transfer tell is not kept a second time since version 5.
    events: version >= 5 ? [initiated, inDoubt] : [],
    // Version 1 kept it elsewhere, and what it held was dropped: a horizon may always be lower.
    horizon: version >= 2 ? 5 : 0,
    lastSequences: [{ source_tank_id: REEF, destination_tank_id: "t2", sequence: 1 }],
    transferCounts: [
      ...(version >= 7 ? [plants] : []),
      {
        side: "in",
        node_id: "n9",
        source_tank_id: "t9",
        destination_tank_id: REEF,
        entity_type: "fish",
        state: "refused",
        // Version 8 has folded some.
        count: version >= 8 ? 3 : 1,
      },
      {
        side: "out",
        node_id: "n2",
        source_tank_id: REEF,
        destination_tank_id: "t2",
        entity_type: "fish",
        state: "pending",
        count: 1,
      },
    ],
    connectionCounts: [
      ...(version >= 12
        ? [{ ...ofConnection, state: "delivered", count: 7, last_at: 1_700_000_000_014 }]
        : []),
      { ...ofConnection, state: "pending", count: 1, last_at: 1_700_000_000_004 },
    ],
    // The horizon tells of decisions that were removed before they were counted.
    uncounted: uncountedIn(version),
    remembered: version >= 4 ? [remembered] : [],
    moves: version >= 11 ? [stored] : [],
    movedTanks: version >= 11 ? [gone] : [],
  };
}

function connectionsIn(version: number): number {
  if (version >= 12) return 4;
  return Math.min(3, Math.max(1, version - 7));
}

/** A whole database of version 1; later ones have removed decisions that nobody counted. */
function uncountedIn(version: number) {
  if (version === 1 || version >= 8) return undefined;
  return { [REEF]: null, ...(version >= 3 ? { fedcba9876543210: null } : {}) };
}

async function everythingIn(journal: JournalReads): Promise<unknown> {
  const pair = { source_node_id: "n9", source_tank_id: "t9", destination_tank_id: REEF };
  return {
    position: journal.position,
    term: await journal.meta("term"),
    tanks: await journal.tanks(),
    log: await journal.log(REEF, 0),
    logStart: await journal.logStart(REEF),
    snapshots: await journal.snapshots(REEF),
    connections: await journal.connections(),
    openOutbox: await journal.openOutbox(),
    inbox: await journal.inbox({ limit: 10 }),
    events: await journal.events("x1"),
    horizon: await journal.horizon(pair),
    lastSequences: await journal.lastSequences(),
    connectionCounts: await journal.connectionCounts(),
    transferCounts: await journal.transferCounts(),
    uncounted: JSON.parse((await journal.meta(TRANSFERS_UNCOUNTED)) ?? "null") ?? undefined,
    remembered: await journal.remembered(),
    moves: await journal.moves(),
    movedTanks: await journal.movedTanks(),
  };
}

/** Goes on where the sample ends. */
async function goesOn(journal: Journal): Promise<void> {
  const before = journal.position;
  await journal.commit([{ put: "log", row: logRow(REEF, 3) }]);
  expect(journal.position).toBe(before + 1);
  expect(await journal.watermark(REEF)).toMatchObject({ seq: 3 });
}

async function expectAllOf(version: number, store: Store): Promise<void> {
  expect(await everythingIn(store.journal)).toEqual(expectedFrom(version));
  expect(await store.registry.load()).toEqual([{ node_id: "n2", record: '{"server_id":"two"}' }]);
  expect(await store.journal.watermark(REEF)).toMatchObject({ seq: 2, checksum: "c2" });
}

test("a step is never edited once it is there; a new one comes with its sample rows", () => {
  const sums = SCHEMA_STEPS.map((step) => createHash("sha256").update(step).digest("hex"));
  // Fails? Read the comment of OLD_VERSIONS in old-databases.ts.
  expect(OLD_VERSIONS.map((version) => version.stepSha256)).toEqual(sums);
});

test.each(VERSIONS)("the sample of version %d has a row for every table", async (version) => {
  await makeOldDatabase(path, version);
  const database = new Database(path);
  const tables = database
    .prepare<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all();
  for (const { name } of tables) {
    const row = database.prepare(`SELECT 1 FROM ${name}`).get();
    expect([name, row !== null]).toEqual([name, true]);
  }
  database.close();
});

describe.each(VERSIONS)("a database of version %d", (version) => {
  test("is opened with everything that is in it, and goes on", async () => {
    await makeOldDatabase(path, version);
    for (const _ of ["first start", "next start"]) {
      const store = openSqliteStore(path);
      await expectAllOf(version, store);
      await store.close();
    }
    const store = openSqliteStore(path);
    await goesOn(store.journal);
    await store.close();
  });

  test("gets pages of the present size, unless somebody else has it open", async () => {
    await makeOldDatabase(path, version);
    const pages = () => readFileSync(path).readUInt16BE(16);
    const other = Connection.toRead(path);
    other.run("BEGIN");
    other.prepare("SELECT * FROM tanks").all();
    await openSqliteStore(path).close();
    expect(pages()).toBe(4096);
    other.close();
    const store = openSqliteStore(path);
    await expectAllOf(version, store);
    await store.close();
    expect(pages()).toBe(1024);
  });

  test("can be looked at without a change", async () => {
    await makeOldDatabase(path, version);
    const before = readFileSync(path);
    const reader = openSqliteReader(path);
    expect(await everythingIn(reader)).toEqual(expectedFrom(version));
    reader.close();
    expect(readFileSync(path)).toEqual(before);
  });
});

function versionIn(file: string): number | undefined {
  const database = new Database(file);
  const row = database.prepare<{ version: number }, []>("SELECT version FROM schema_version").get();
  database.close();
  return row?.version;
}

describe.each(VERSIONS.slice(0, -1))("the step after version %d", (version) => {
  test("that is killed in the middle leaves that version whole", async () => {
    await makeOldDatabase(path, version);
    const script = join(import.meta.dir, "migrate-slowly.ts");
    const child = Bun.spawn([process.execPath, script, path, String(version)]);
    // The step is being written: its pages spill into the log of the database.
    const isWriting = () =>
      (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 100_000;
    while (!isWriting()) await Bun.sleep(2);
    child.kill("SIGKILL");
    await child.exited;
    expect(versionIn(path)).toBe(version);
    const store = openSqliteStore(path);
    await expectAllOf(version, store);
    await goesOn(store.journal);
    await store.close();
  }, 20_000);

  test("that fails leaves that version whole", async () => {
    await makeOldDatabase(path, version);
    const database = Connection.toWrite(path);
    const steps = SCHEMA_STEPS.map((step) => `${step}; INSERT INTO nowhere VALUES (1)`);
    expect(() => migrateFrom(version, database, steps)).toThrow("nowhere");
    database.close();
    expect(versionIn(path)).toBe(version);
    const store = openSqliteStore(path);
    await expectAllOf(version, store);
    await store.close();
  });
});
