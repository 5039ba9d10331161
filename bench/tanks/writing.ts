/** What tanks write: rows of the log, the database, snapshots, bytes to the disk. */
import { Database } from "bun:sqlite";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildsToCompare } from "../cluster/builds.ts";
import { print, printHead, printRow } from "../measure.ts";
import { endNode, startNode, until } from "../node.ts";
import { bytesWritten, type WrittenBytes } from "../proc.ts";
import { Counters } from "./counters.ts";
import { bytes } from "./words.ts";

const PORT = 18_210;
const TICKS_PER_HOUR = 30 * 3600;
/** A life so much faster makes as many marks and snapshots an hour of ticks, in less of ours. */
const HASTE = 10;
const FEED_INTERVAL_MS = 60_000 / HASTE;

/** One way to live. */
interface Case {
  readonly name: string;
  readonly haste: number;
  readonly feeds: boolean;
  /** Whether it has a neighbour to which its fish migrate, and get back. */
  readonly migrates: boolean;
  readonly binary: string;
}

/** The last case also runs with an earlier build, at the same time. */
function casesOf(): readonly Case[] {
  const [present, base] = buildsToCompare();
  const binary = present?.binary ?? "";
  const migrating = { haste: 1, feeds: false, migrates: true };
  return [
    { name: "alone", haste: HASTE, feeds: false, migrates: false, binary },
    { name: "with a feed a minute", haste: HASTE, feeds: true, migrates: false, binary },
    { name: "with automatic migration", ...migrating, binary },
    ...(base ? [{ name: `the same, ${base.name}`, ...migrating, binary: base.binary }] : []),
  ];
}

interface Written {
  /** Hours of the tank's time. */
  readonly hours: number;
  readonly entries: number;
  /** Of the columns of a row in the mean, without the database's own. */
  readonly entryBytes: number;
  readonly commits: number;
  readonly snapshots: number;
  readonly snapshotBytes: number;
  readonly written: WrittenBytes;
  readonly databaseGrowth: number;
  readonly snapshotsOnDisk: number;
}

/** All cases at the same time: one tank hardly uses a core. */
export async function benchWriting(seconds: number): Promise<void> {
  const cases = casesOf();
  const written = await Promise.all(
    cases.map((one, place) => live(one, PORT + 2 * place, seconds)),
  );
  print(
    `One tank at ${TICKS_PER_HOUR / 3600} ticks/s for ${seconds} s, ` +
      `the first two at ${HASTE} times the speed (and fed as much more often); ` +
      "per hour of the tank's time:",
  );
  print("");
  printHead("", ...cases.map(({ name }) => name));
  const row = (name: string, of: (one: Written) => string) => printRow(name, ...written.map(of));
  const hourly = (of: (one: Written) => number) => (one: Written) => of(one) / one.hours;
  const count = (of: (one: Written) => number) => (one: Written) => hourly(of)(one).toFixed(0);
  const size = (of: (one: Written) => number) => (one: Written) => bytes(hourly(of)(one));
  row(
    "entries of the log",
    count(({ entries }) => entries),
  );
  row(
    "bytes of log",
    size(({ entries, entryBytes }) => entries * entryBytes),
  );
  row(
    "commits",
    count(({ commits }) => commits),
  );
  row(
    "snapshots",
    count(({ snapshots }) => snapshots),
  );
  row(
    "bytes of snapshots",
    size(({ snapshotBytes }) => snapshotBytes),
  );
  row(
    "bytes given to the system",
    size((one) => one.written.given),
  );
  row(
    "bytes written to the disk",
    size((one) => one.written.toDisk),
  );
  // The number of migrations is random.
  row("of them for each entry", ({ written: { toDisk }, entries }) => bytes(toDisk / entries));
  row("database at the end, in all", ({ databaseGrowth }) => bytes(databaseGrowth));
  row("snapshots kept at the end, in all", ({ snapshotsOnDisk }) => bytes(snapshotsOnDisk));
  print("");
}

async function live(one: Case, port: number, seconds: number): Promise<Written> {
  const url = `http://127.0.0.1:${port}`;
  const alone = ["--discovery", "none", "--tick-rate", `${30 * one.haste}`];
  const { binary } = one;
  const node = startNode({ port, binary }, ...alone);
  const neighbour = one.migrates
    ? startNode({ port: port + 1, binary }, "--discovery", "hub", "--hub", url)
    : undefined;
  await until(node, "/api/tanks", (body) => body.includes('"running"'));
  const { api, pid } = node;
  const tankOf = async () => {
    const { tanks }: { tanks: { tank: TankPosition }[] } = JSON.parse(await api.text("/api/tanks"));
    const [first] = tanks;
    if (first === undefined) throw new Error("the node has no tank");
    return first.tank;
  };
  const before = await tankOf();
  const [counters, written] = [await Counters.of(api), bytesWritten(pid)];
  const feeding = one.feeds
    ? setInterval(
        () => void api.change("POST", `/api/tanks/${before.tank_id}/feed`, { portions: 1 }),
        FEED_INTERVAL_MS,
      )
    : undefined;
  await Bun.sleep(seconds * 1000);
  clearInterval(feeding);
  const [after, counted] = [await tankOf(), (await Counters.of(api)).since(counters)];
  const result: Written = {
    hours: (after.tick - before.tick) / TICKS_PER_HOUR,
    entries: after.seq - before.seq,
    entryBytes: entryBytes(node.directory),
    commits: counted.get("tankd_commits_total", '{outcome="committed"}'),
    snapshots: counted.get("tankd_snapshots_total"),
    snapshotBytes: counted.get("tankd_snapshot_bytes_total"),
    written: writtenBetween(written, bytesWritten(pid)),
    databaseGrowth: sizeOf(node.directory, /^tankd\.(db|watermarks)/),
    snapshotsOnDisk: sizeOf(node.directory, /\.snapshot$/),
  };
  if (neighbour) await endNode(neighbour);
  await endNode(node);
  return result;
}

function writtenBetween(before: WrittenBytes, after: WrittenBytes): WrittenBytes {
  return { given: after.given - before.given, toDisk: after.toDisk - before.toDisk };
}

interface TankPosition {
  readonly tank_id: string;
  readonly tick: number;
  readonly seq: number;
}

/** Read beside the running node, as an operator might. */
function entryBytes(directory: string): number {
  const database = new Database(join(directory, "tankd.db"), { readonly: true });
  const columns = ["tank_id", "kind", "payload", "digest", "checksum"];
  const sum = columns.map((column) => `LENGTH(COALESCE(${column}, ''))`).join(" + ");
  // Sequence, tick and version are small integers: up to 4 bytes each in SQLite's records.
  const row: unknown = database.query(`SELECT AVG(${sum}) + 12 AS bytes FROM log`).get();
  database.close();
  return Number((row as { bytes: number | null }).bytes ?? 0);
}

/** Bytes of the files of these names, in folders below too. */
function sizeOf(directory: string, name: RegExp): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
