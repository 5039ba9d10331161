import { unlinkSync } from "node:fs";
import { systemCode } from "./storage-failures.ts";

/** Removes a file that may not be there. Bun's `rmSync` says EFAULT of most failures. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
