import { resolve } from "node:path";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { ARCHIVE_SUFFIX } from "../../tanks/archive/archive.ts";
import type { Host } from "../host.ts";

/** Whether an argument means a file instead of a tank. */
export function namesFile(host: Host, text: string): boolean {
  if (text.endsWith(ARCHIVE_SUFFIX) || text.includes("/")) return true;
  return host.sizeOf(resolve(host.workingDirectory, text)) !== undefined;
}

/** The bytes of an archive's file. @throws Problem `usage`, `bad_archive` */
export function readArchiveFile(host: Host, name: string): Uint8Array {
  const path = resolve(host.workingDirectory, name);
  const size = host.sizeOf(path);
  if (size === undefined) throw new Problem("usage", `there is no file ${name}`);
  if (size > LIMITS.archiveBytesMax) {
    throw new Problem(
      "bad_archive",
      `${name} has ${size} bytes; an archive has at most ${LIMITS.archiveBytesMax}`,
    );
  }
  const bytes = host.readFrom(path, 0);
  if (bytes === undefined) throw new Problem("usage", `there is no file ${name}`);
  return bytes;
}
