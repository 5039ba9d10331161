import { join, resolve } from "node:path";
import type { Command } from "commander";
import { Problem } from "../../platform/errors.ts";
import { DirectoryFiles } from "../../platform/real/files.ts";
import type { TankRow } from "../../store/rows.ts";
import { openSqliteReader } from "../../store/sqlite/reader.ts";
import { DATABASE_FILE } from "../../store/sqlite/store.ts";
import { type Chronicle, readChronicle } from "../../tanks/replay/chronicle.ts";
import type { CliContext } from "../context.ts";
import { candidateDataDirectories } from "./directories.ts";

/** A tank in a data directory on this machine. */
export interface LocalTank {
  readonly directory: string;
  readonly chronicle: Chronicle;
  /** Closes the directory. */
  close(): void;
}

/**
 * A tank of the data directory, on which a node may be running.
 * @throws Problem `unknown_tank`, `data_directory_unusable`, `usage` where several may be meant
 */
export async function openLocalTank(
  context: CliContext,
  command: Command,
  wanted: string,
): Promise<LocalTank> {
  const directory = localDirectory(context, command);
  const journal = openSqliteReader(join(directory, DATABASE_FILE));
  try {
    const { tank_id } = chosen(await journal.tanks(), wanted, directory);
    const files = new DirectoryFiles(directory);
    const chronicle = await readChronicle({ journal, files }, tank_id);
    if (!chronicle) throw unknown(wanted, directory);
    return { directory, chronicle, close: () => journal.close() };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** The directory of a node of this machine, which may be running. */
export function localDirectory(context: CliContext, command: Command): string {
  const { host } = context;
  const { values } = context.settings(command, ["dataDir"]);
  const given = values.dataDir && resolve(host.workingDirectory, values.dataDir);
  const directories = candidateDataDirectories(host, given);
  const found = directories.find((one) => host.sizeOf(join(one, DATABASE_FILE)) !== undefined);
  if (found !== undefined) return found;
  throw new Problem(
    "data_directory_unusable",
    `no node has run on ${directories.join(" or ")}: name its directory with --data-dir`,
  );
}

function chosen(rows: readonly TankRow[], wanted: string, directory: string): TankRow {
  const byId = rows.find((row) => row.tank_id === wanted);
  if (byId) return byId;
  const named = rows.filter((row) => row.name === wanted);
  const [first] = named;
  if (named.length > 1) {
    const ids = named.map((row) => row.tank_id).join(", ");
    throw new Problem("usage", `several tanks are called ${wanted}; give the id of one: ${ids}`);
  }
  if (first) return first;
  throw unknown(wanted, directory);
}

function unknown(wanted: string, directory: string): Problem {
  return new Problem(
    "unknown_tank",
    `there is no tank ${wanted} in ${directory}; to list those of a running node: tankd tank ls`,
  );
}
