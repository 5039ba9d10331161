import { hasWalResetBug, isOlder, SQLITE_FIXED } from "../../../../store/sqlite/version.ts";
import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts } from "../facts.ts";

/**
 * Descriptors that a node with a few viewers needs at least, and a number that suffices for any.
 */
const DESCRIPTORS_MIN = 256;
const DESCRIPTORS_GOOD = 4_096;
const MORE =
  "before tankd start: ulimit -n 65536, which root alone may set above the hard limit; for a " +
  "service LimitNOFILE=65536 in its unit; for a container --ulimit nofile=65536";
/** A process that uses this share will soon refuse connections. */
const USED_MAX = 0.8;

/** STRICT tables (https://sqlite.org/stricttables.html). */
const SQLITE_MIN = "3.37.0";

/** Checks limits and versions of the system that a node depends on. */
export function machineChecks({ machine }: Facts): readonly Check[] {
  if (machine === undefined) return [];
  return [descriptorCheck(machine.descriptors), sqliteCheck(machine)];
}

/** Whether the limit of files and connections suffices; `tankd status` tells where it does not. */
export function descriptorCheck(descriptors: MachineFacts["descriptors"]): Check {
  const id = "descriptors";
  if (descriptors === undefined)
    return unknown(id, "the system does not report its limit of open files");
  const { limit, open } = descriptors;
  if (limit === undefined) return ok(id, "files and connections are unlimited");
  const used = open === undefined ? "" : `, ${open} of them in use`;
  const what = `${limit} files and connections at a time${used}`;
  if (limit < DESCRIPTORS_MIN) return fail(id, what, MORE);
  const isTight = limit < DESCRIPTORS_GOOD || (open ?? 0) > USED_MAX * limit;
  return isTight ? warn(id, what, MORE) : ok(id, what);
}

function sqliteCheck({ sqliteVersion, platform }: MachineFacts): Check {
  const id = "sqlite";
  const what = `SQLite ${sqliteVersion}`;
  const update = platform === "darwin" ? "update macOS, whose own SQLite is used" : null;
  if (isOlder(sqliteVersion, SQLITE_MIN)) {
    return fail(id, `${what} is too old: ${SQLITE_MIN} is needed`, update);
  }
  if (!hasWalResetBug(sqliteVersion)) return ok(id, what);
  return warn(
    id,
    `${what} can corrupt a database that two programs write to at once (mended in ${SQLITE_FIXED})`,
    [update, "open tankd.db with no other program"].filter((mend) => mend !== null).join("; "),
  );
}
