import { messageOf, Problem } from "../../platform/errors.ts";
import { refuseLostDatabase } from "./before-opening.ts";
import { Connection } from "./connection.ts";
import { configure, refuseDamaged, schemaVersion, unusable } from "./database.ts";
import { databaseAdvice } from "./failures.ts";
import { UNDO_FROM_STEP, UNDO_STEPS } from "./schema-undo.ts";

/**
 * Takes a database back to an earlier schema, so that the build before can go on with it. All or
 * nothing, in one transaction. The directory must be locked.
 * @returns the schema that it had
 * @throws Problem `data_directory_unusable`, `conflict`
 */
export function downgradeDatabase(path: string, toSchema: number): number {
  refuseLostDatabase(path);
  let database: Connection | undefined;
  try {
    database = Connection.toWrite(path);
    configure(database, path);
    refuseDamaged(database, path);
    const version = schemaVersion(database, path) ?? 0;
    undo(database, version, toSchema);
    return version;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const why = databaseAdvice(error, path) ?? messageOf(error);
    throw unusable(`${path} cannot be used: ${why}`, error);
  } finally {
    database?.close();
  }
}

function undo(database: Connection, version: number, toSchema: number): void {
  const oldest = UNDO_FROM_STEP - 1;
  if (toSchema < oldest || toSchema > version) {
    throw new Problem(
      "conflict",
      `the data directory has schema ${version}; it can be taken back to ` +
        `${Math.min(oldest, version)} at the earliest`,
    );
  }
  const steps = UNDO_STEPS.slice(toSchema - oldest, version - oldest).toReversed();
  database.transaction(() => {
    for (const { unless, sql } of steps) {
      if (unless && database.prepare(unless.found).get()) {
        throw new Problem("conflict", `it cannot be taken back: ${unless.why}`);
      }
      database.run(sql);
    }
    database.run("UPDATE schema_version SET version = ?", [toSchema]);
  });
}
