import { readFileSync } from "node:fs";

/** The file system that contains a path. */
export interface Mount {
  /** `ext4`, `nfs4`, `overlay`, … */
  readonly type: string;
  readonly mountPoint: string;
}

/** Undefined if unknown; only Linux provides it, in a file. */
export function mountOf(path: string): Mount | undefined {
  try {
    return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"), path);
  } catch {
    return undefined;
  }
}

/**
 * The mount that an absolute path without links lies on, by the lines of /proc/self/mountinfo
 * (proc_pid_mountinfo(5)): `id parent major:minor root mount-point options fields… - type source …`
 * The last of several at one place hides the others.
 */
export function parseMounts(table: string, path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of table.split("\n")) {
    const [place, kind = ""] = line.split(" - ", 2);
    const mountPoint = place?.split(" ")[4]?.replaceAll(/\\([0-7]{3})/g, unescaped);
    const [type = ""] = kind.split(" ");
    if (mountPoint === undefined || !isBelow(path, mountPoint)) continue;
    if (mountPoint.length >= (found?.mountPoint.length ?? 0)) found = { type, mountPoint };
  }
  return found;
}

/** Spaces and some other characters are escaped as octal numbers. */
function unescaped(_: string, octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
