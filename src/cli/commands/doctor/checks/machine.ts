import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts } from "../facts.ts";

/**
 * Descriptors that a node with a few viewers needs at least, and a number that suffices for any.
 */
const DESCRIPTORS_MIN = 256;
const DESCRIPTORS_GOOD = 4_096;
const MORE = "ulimit -n 65536 before tankd start; of a service LimitNOFILE=65536 in its unit";
/** A process that uses this share will soon refuse connections. */
const USED_MAX = 0.8;

/** STRICT tables (https://sqlite.org/stricttables.html). */
const SQLITE_MIN = [3, 37, 0] as const;

/** Checks limits and versions of the system that a node depends on. */
export function machineChecks({ machine }: Facts): readonly Check[] {
  return machine === undefined ? [] : [descriptorCheck(machine), sqliteCheck(machine)];
}

function descriptorCheck({ descriptors }: MachineFacts): Check {
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
  const what = `SQLite ${sqliteVersion}`;
  const parts = sqliteVersion.split(".").map(Number);
  const at = SQLITE_MIN.findIndex((least, index) => (parts[index] ?? 0) !== least);
  const isOld = at !== -1 && (parts[at] ?? 0) < (SQLITE_MIN[at] ?? 0);
  if (!isOld) return ok("sqlite", what);
  const mend = platform === "darwin" ? "update macOS, whose own SQLite is used" : null;
  return fail("sqlite", `${what} is too old: ${SQLITE_MIN.join(".")} is needed`, mend);
}
