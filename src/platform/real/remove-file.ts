import { unlinkSync } from "node:fs";
import { systemCode } from "./storage-failures.ts";

/** Removes a file, if it exists. Bun's `rmSync` reports EFAULT for most failures. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
