/**
 * The way of a commit to the disk: what one costs alone and with a hundred tanks at once, in the
 * main thread and in the disk thread, with and without the second sync of the watermarks.
 *
 *   bun bench/commits.ts [--seconds 5] [--dir DIR] [--write]
 *
 * DIR is where the databases lie (default: the system's folder for temporary files); what is
 * measured is mostly its disk. The four stores take turns, so that a disturbance meets all of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../src/platform/limits.ts";
import { realClock } from "../src/platform/real/clock.ts";
import { realTimers } from "../src/platform/real/timers.ts";
import { groupCommit } from "../src/store/group-commit.ts";
import type { Journal, Store } from "../src/store/journal.ts";
import type { LogRow, TankRow } from "../src/store/rows.ts";
import { openDatabase } from "../src/store/sqlite/database.ts";
import { FileGuard } from "../src/store/sqlite/file-guard.ts";
import { SqliteJournal } from "../src/store/sqlite/journal.ts";
import { SqliteRegistry } from "../src/store/sqlite/registry.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { openThreadedStore } from "../src/store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../src/store/sqlite/thread/worker-disk.ts";
import { type SlotFile, Watermarks } from "../src/store/sqlite/watermarks.ts";
import { SlotImage } from "../src/store/watermarks/slot-image.ts";
import { silentLog } from "../src/telemetry/log.ts";
import { noMetrics } from "../src/telemetry/metrics.ts";
import {
  keepReport,
  median,
  option,
  print,
  printHead,
  printMachine,
  printRow,
  quantile,
} from "./measure.ts";

const seconds = Number(option("seconds", "5"));
const parent = option("dir", tmpdir());
const ROUNDS = 5;
const TANKS = 100;
/** A feed command is about as long; an import is a few kilobytes. */
const PAYLOAD_BYTES = 64;
/** How often the main thread is asked whether it is free. */
const PROBE_MS = 2;

interface Subject {
  readonly name: string;
  open(path: string): Promise<Store>;
}

const SUBJECTS: readonly Subject[] = [
  { name: "main thread, no watermarks", open: async (path) => withoutWatermarks(path) },
  { name: "main thread", open: async (path) => openSqliteStore(path) },
  { name: "disk thread", open: openInThread },
];

function openInThread(path: string): Promise<Store> {
  const entry = new URL("../src/disk.ts", import.meta.url);
  const spawn = () => workerDisk(new Worker(entry));
  return openThreadedStore({ spawn, path, timers: realTimers, log: silentLog });
}

/** The same store, but for its second file: what its sync costs is the difference. */
function withoutWatermarks(path: string): Store {
  const database = openDatabase(path);
  const image = new SlotImage(new Uint8Array());
  const file: SlotFile = {
    image,
    reserve: (slots) => {
      while (image.free < slots) image.grow();
    },
    flush: () => {},
    close: () => {},
  };
  image.grow();
  return {
    journal: new SqliteJournal(database, {
      watermarks: new Watermarks(file, "bench", new Map()),
      guard: new FileGuard([path]),
      bounds: LIMITS,
      onDamage: () => {},
    }),
    registry: new SqliteRegistry(database),
    close: async () => database.close(),
  };
}

interface Measured {
  readonly perSecond: number;
  /** Milliseconds from asking to hearing, of every commit. */
  readonly latencies: readonly number[];
  /** Milliseconds by which the main thread came too late to its timers. */
  readonly delays: readonly number[];
}

/** So many tanks, each with one commit under way, for `durationMs`. */
async function measure(journal: Journal, tanks: number, durationMs: number): Promise<Measured> {
  const latencies: number[] = [];
  const probe = probeMainThread();
  const begun = performance.now();
  const until = begun + durationMs;
  const lane = async (tank: string) => {
    for (let seq = (seqs.get(tank) ?? 0) + 1; performance.now() < until; seq++) {
      const asked = performance.now();
      await journal.commit([{ put: "log", row: logRow(tank, seq) }]);
      latencies.push(performance.now() - asked);
      seqs.set(tank, seq);
      // The next command comes from outside, by the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const seqs = seqsOf(journal);
  await Promise.all(Array.from({ length: tanks }, (_, index) => lane(tankId(index))));
  const perSecond = (latencies.length * 1000) / (performance.now() - begun);
  return { perSecond, latencies, delays: probe.stop() };
}

const lastSeqs = new WeakMap<Journal, Map<string, number>>();

function seqsOf(journal: Journal): Map<string, number> {
  const seqs = lastSeqs.get(journal) ?? new Map<string, number>();
  lastSeqs.set(journal, seqs);
  return seqs;
}

function probeMainThread(): { stop(): readonly number[] } {
  const delays: number[] = [];
  let due = performance.now() + PROBE_MS;
  const timer = setInterval(() => {
    delays.push(Math.max(0, performance.now() - due));
    due = performance.now() + PROBE_MS;
  }, PROBE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return delays;
    },
  };
}

const tankId = (index: number) => index.toString(16).padStart(16, "0");

function logRow(tank_id: string, seq: number): LogRow {
  return {
    tank_id,
    seq,
    tick: seq,
    kind: "feed",
    payload: new Uint8Array(PAYLOAD_BYTES),
    digest: null,
    checksum: seq.toString(16).padStart(32, "0"),
    engine_version: 1,
  };
}

function tankRow(index: number): TankRow {
  return {
    tank_id: tankId(index),
    name: "bench",
    description: "",
    created_at: 0,
    seed: 1,
    fish: 1,
    tank_key: tankId(index),
    epoch: 1,
    ordinal: index + 1,
    origin: "founded",
  };
}

async function openAll(): Promise<readonly { name: string; store: Store; journal: Journal }[]> {
  const opened = [];
  for (const [index, { name, open }] of SUBJECTS.entries()) {
    const store = await open(join(folder, `${index}.db`));
    const journal = groupCommit(store.journal, {
      clock: realClock,
      timers: realTimers,
      metrics: noMetrics,
    });
    const tanks = Array.from({ length: TANKS }, (_, tank) => tankRow(tank));
    await journal.commit(tanks.map((row) => ({ put: "tank" as const, row })));
    opened.push({ name, store, journal });
  }
  return opened;
}

const folder = mkdtempSync(join(parent, "tankd-bench-commits-"));
const subjects = await openAll();
printMachine();
for (const tanks of [1, TANKS]) {
  const rounds = new Map<string, Measured[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, journal } of subjects) {
      const measured = await measure(journal, tanks, (seconds * 1000) / ROUNDS);
      rounds.set(name, [...(rounds.get(name) ?? []), measured]);
    }
  }
  const who = tanks === 1 ? "One tank" : `${tanks} tanks at once, through the group commit`;
  print(`${who}, medians of ${ROUNDS} rounds of ${seconds / ROUNDS} s, times in milliseconds:`);
  print("");
  printHead("journal", "commits/s", "p50", "p95", "p99", "main thread late, p50", "p99", "max");
  for (const [name, all] of rounds) {
    const middle = (of: (one: Measured) => number) => median(all.map(of));
    const latency = (share: number) => middle((one) => quantile(one.latencies, share)).toFixed(2);
    const delay = (share: number) => middle((one) => quantile(one.delays, share)).toFixed(2);
    printRow(
      name,
      Math.round(middle((one) => one.perSecond)),
      ...[0.5, 0.95, 0.99].map(latency),
      ...[0.5, 0.99, 1].map(delay),
    );
  }
  print("");
}
for (const { store } of subjects) await store.close();
rmSync(folder, { recursive: true });
keepReport("commits");
