import { basename } from "node:path";
import { messageOf, Problem, StorageUnavailable } from "../../platform/errors.ts";
import { storageAdvice } from "../../platform/real/storage-failures.ts";
import { JOURNAL_LOST } from "../journal.ts";
import type { SlotMark } from "../watermarks/slot-format.ts";
import type { JournalMark } from "../watermarks/slot-image.ts";
import { describeImage } from "./before-opening.ts";
import type { Connection } from "./connection.ts";
import { unusable } from "./database.ts";
import { databaseAdvice } from "./failures.ts";
import { WatermarkFile, watermarkPath } from "./watermark-file.ts";
import { Watermarks } from "./watermarks.ts";

/** Facts from the database, to be compared with the file. */
interface Facts extends JournalMark {
  /** Tank keys by tank id. */
  readonly tanks: ReadonlyMap<string, string>;
  /** Whether an earlier start found commits missing. */
  readonly knownToHaveLost: boolean;
  /** Whether an operator has since decided to continue without them. */
  readonly hasSettledLoss: boolean;
}

/** Receives a sentence about damage that was worked around. */
export type Warn = (warning: string) => void;

/**
 * Opens the watermarks beside a database and compares the two. Missing or damaged watermarks are
 * rebuilt from the log. Commits that the database has lost are reported to `warn` and recorded in
 * meta {@link JOURNAL_LOST}; its position then continues from the acknowledged one.
 * @throws Problem `data_directory_unusable`
 */
export function openWatermarks(database: Connection, path: string, warn: Warn): Watermarks {
  const filePath = watermarkPath(path);
  try {
    const file = new WatermarkFile(filePath);
    try {
      const facts = readFacts(database);
      compare(database, file, facts, { database: path, file: filePath, warn });
      return new Watermarks(file, facts.id, new Map(facts.tanks));
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    const cause = error instanceof StorageUnavailable ? error.cause : error;
    const why = storageAdvice(cause) ?? databaseAdvice(cause, path) ?? messageOf(error);
    throw unusable(`${filePath} cannot be used: ${why}`, error);
  }
}

function compare(
  database: Connection,
  file: WatermarkFile,
  facts: Facts,
  names: { readonly database: string; readonly file: string; readonly warn: Warn },
): void {
  const { image } = file;
  const { warn } = names;
  const lost = lossOf(facts, file, names);
  if (lost !== undefined) {
    warn(lost);
    rememberLoss(database, lost, image.journal?.position ?? 0);
  }
  const remembered = image.journal;
  if (remembered === undefined && facts.position > 0) {
    warn(`${names.file} was missing or unreadable; it is rebuilt from the log of each tank`);
  }
  image.begin();
  // If the file is behind, a crash came just after a removal: tanks that only the file names were
  // removed. Otherwise, or while commits are missing, the database has lost them.
  const mayForget = facts.position > (remembered?.position ?? 0) || facts.hasSettledLoss;
  if (lost === undefined && !facts.knownToHaveLost && mayForget) forgetStrangers(file, facts);
  else if (lost === undefined) warnOfStrangers(file, facts, names);
  const adopted = adoptTanks(database, file, facts);
  if (remembered !== undefined && image.damaged > 0 && adopted > 0) {
    warn(`${names.file} is damaged; tank marks that were rebuilt from the log: ${adopted}`);
  }
  const position = Math.max(facts.position, lost === undefined ? 0 : (remembered?.position ?? 0));
  file.reserve(image.fileBytes === 0 ? 1 : 0);
  image.setJournal({ id: facts.id, position });
  file.flush();
}

/** Why the file belongs to another database; undefined when it belongs to this one. */
function lossOf(
  facts: Facts,
  { image }: WatermarkFile,
  names: { readonly database: string; readonly file: string },
): string | undefined {
  const { journal } = image;
  if (journal === undefined) return undefined;
  if (journal.id !== facts.id) {
    if (image.marks().length === 0 && journal.position === 0) return undefined;
    if (facts.tanks.size === 0 && facts.position === 0) {
      throw unusable(
        `${names.database} was missing or is empty, but ${names.file} records ` +
          `${describeImage(image)}: restore the directory from a backup, or remove ` +
          `${basename(names.file)} to start without them`,
      );
    }
    return (
      `${names.database} is not the database that ${names.file} belongs to: ` +
      "commits that were acknowledged may be missing"
    );
  }
  if (journal.position <= facts.position) return undefined;
  const missing = journal.position - facts.position;
  return (
    `${names.database} has lost its last ${missing} commits: it ends at commit ` +
    `${facts.position}, and ${journal.position} were acknowledged`
  );
}

/** Committed at once: at the next start both ends are equal, and show no loss. */
function rememberLoss(database: Connection, sentence: string, position: number): void {
  database.transaction(() => {
    database.run("UPDATE journal SET position = MAX(position, ?)", [position]);
    database.run(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [JOURNAL_LOST, sentence],
    );
  });
}

/** Frees slots of tanks that were removed just before a crash, or of an earlier tank of that id. */
function forgetStrangers({ image }: WatermarkFile, { tanks }: Facts): void {
  for (const { tank_id, tank_key } of image.marks()) {
    if (tanks.get(tank_id) !== tank_key) image.remove(tank_id);
  }
}

function warnOfStrangers(
  { image }: WatermarkFile,
  { tanks }: Facts,
  names: { readonly database: string; readonly warn: Warn },
): void {
  const gone = image.marks().filter(({ tank_id }) => !tanks.has(tank_id));
  if (gone.length === 0) return;
  const ids = gone.map(({ tank_id }) => tank_id).join(", ");
  names.warn(
    `${names.database} has lost acknowledged tanks (${ids}): restore the data directory ` +
      "from a backup to recover them",
  );
}

/** Assigns slots to tanks that have none, with the present end of their log. Returns how many. */
function adoptTanks(database: Connection, file: WatermarkFile, { tanks }: Facts): number {
  const { image } = file;
  const newcomers = [...tanks].filter(([tankId, key]) => image.mark(tankId)?.tank_key !== key);
  if (newcomers.length === 0) return 0;
  const end = logEnds(database);
  file.reserve(newcomers.length);
  for (const [tank_id, tank_key] of newcomers) {
    const found = end(tank_id);
    if (found) image.set({ tank_id, tank_key, ...found });
  }
  return newcomers.length;
}

/** The end of a tank's log: its last row, or its newest snapshot where that row was trimmed. */
function logEnds(
  database: Connection,
): (tankId: string) => Omit<SlotMark, "tank_id" | "tank_key"> | undefined {
  const last = database.prepare<Omit<SlotMark, "tank_id" | "tank_key">, [string, string]>(`
    SELECT * FROM (
      SELECT seq, tick, checksum FROM log WHERE tank_id = ? ORDER BY seq DESC LIMIT 1)
    UNION ALL SELECT * FROM (
      SELECT seq, tick, log_checksum FROM snapshots WHERE tank_id = ? ORDER BY seq DESC LIMIT 1)
    ORDER BY seq DESC LIMIT 1`);
  return (tankId) => last.get(tankId, tankId) ?? undefined;
}

function readFacts(database: Connection): Facts {
  const journal = database.prepare<JournalMark, []>("SELECT id, position FROM journal").get();
  if (!journal) throw new Error("the row of the journal is missing in the database");
  const tanks = database
    .prepare<{ tank_id: string; tank_key: string }, []>("SELECT tank_id, tank_key FROM tanks")
    .all();
  const lost = database
    .prepare<{ value: string }, [string]>("SELECT value FROM meta WHERE key = ?")
    .get(JOURNAL_LOST);
  return {
    ...journal,
    tanks: new Map(tanks.map((row) => [row.tank_id, row.tank_key])),
    knownToHaveLost: (lost?.value ?? "") !== "",
    hasSettledLoss: lost?.value === "",
  };
}
