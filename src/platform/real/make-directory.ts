import { mkdirSync } from "node:fs";
import { NoDirectories, systemCode } from "./storage-failures.ts";

/**
 * Makes a directory, with those above it. Where the system says then that it is not there, nothing
 * can be made there at all, as in /proc.
 */
export function makeDirectory(path: string, mode?: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw systemCode(error) === "ENOENT" ? new NoDirectories(error) : error;
  }
}
