import { closeSync, openSync } from "node:fs";
import { basename } from "node:path";
import { systemCode } from "./storage-failures.ts";

/**
 * Why the system does not open one of these files, as a clause for users; undefined when it opens
 * all that exist. SQLite has one code for all reasons, SQLITE_CANTOPEN. Not for a file that this
 * process has locked: closing it here would release the lock.
 */
export function openingFault(
  paths: readonly string[],
  describe: (error: unknown) => string | undefined,
): string | undefined {
  for (const path of paths) {
    try {
      closeSync(openSync(path, "r+"));
    } catch (error) {
      const fault = systemCode(error) === "ENOENT" ? undefined : describe(error);
      if (fault !== undefined) return `${basename(path)}: ${fault}`;
    }
  }
  return undefined;
}
