import { join } from "node:path";
import { messageOf } from "../../platform/errors.ts";
import { describeRefusal } from "../../platform/real/file-system-refusals.ts";
import { removeFile } from "../../platform/real/remove-file.ts";
import { Connection } from "./connection.ts";
import { configure } from "./database.ts";
import { openingFailure } from "./failures.ts";

/**
 * Why no database works in a directory, as a clause for users; undefined when one does. Creates a
 * temporary database, as a start does, and removes it.
 */
export function probeDatabase(directory: string): string | undefined {
  const path = join(directory, `doctor.${process.pid}.tmp`);
  let database: Connection | undefined;
  try {
    database = Connection.toWrite(path);
    configure(database, path);
    database.run("CREATE TABLE probe (value INTEGER) STRICT");
    return undefined;
  } catch (error) {
    return explain(error, path);
  } finally {
    database?.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) removeFile(`${path}${suffix}`);
  }
}

function explain(error: unknown, path: string): string {
  const failure = openingFailure(error, path) ?? messageOf(error);
  // No other process knows this file, so none has locked it.
  const isLocked = failure.endsWith("(SQLITE_BUSY)");
  return isLocked ? describeRefusal("file locks", "SQLITE_BUSY", path) : failure;
}
