import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { foreignNameIn } from "./data-directory.ts";
import { type Mount, mountOf } from "./mounts.ts";
import { storageReason, systemCode } from "./storage-failures.ts";

/** Facts about a data directory, or about the place where one would be created. */
export interface DirectoryFacts {
  /** `absent`: it would be created. `foreign`: it contains other files than tankd's. */
  readonly kind: "ours" | "empty" | "absent" | "foreign" | "unreadable";
  /** Why it cannot be used, if so. */
  readonly reason: string | undefined;
  /** The id of its owner, if that is another user. */
  readonly foreignOwner: number | undefined;
  /** Whether other users can write to it. */
  readonly isOpen: boolean;
  /** Duration of a synced write, or the reason of its failure. */
  readonly write: { readonly tookMs: number } | { readonly failure: string };
  readonly space: { readonly freeBytes: number; readonly freeFiles: number } | undefined;
  readonly mount: Mount | undefined;
}

const OTHERS_WRITE = 0o022;
/** A page of the database. */
const PROBE_BYTES = 4096;

/** Examines it and writes one temporary file; creates no directory. */
export function examineDirectory(path: string): DirectoryFacts {
  const there = nearestThere(path);
  const status = attempt(() => statSync(there));
  const isThere = there === path;
  const { kind, reason } = isThere ? contentOf(path) : ABSENT;
  const real = attempt(() => realpathSync(there)) ?? there;
  return {
    kind,
    reason,
    foreignOwner: isThere && status && isForeign(status.uid) ? status.uid : undefined,
    isOpen: isThere && process.platform !== "win32" && ((status?.mode ?? 0) & OTHERS_WRITE) !== 0,
    write: kind === "ours" ? writeIn(path) : mayWriteIn(there),
    space: spaceOf(there),
    mount: mountOf(real),
  };
}

/** Windows has no numeric owners, so no owner counts as foreign. */
function isForeign(owner: number): boolean {
  const self = process.getuid?.();
  return self !== undefined && owner !== self;
}

const ABSENT = { kind: "absent", reason: undefined } as const;

function contentOf(path: string): Pick<DirectoryFacts, "kind" | "reason"> {
  try {
    const names = readdirSync(path);
    if (names.length === 0) return { kind: "empty", reason: undefined };
    const foreign = foreignNameIn(names);
    return foreign === undefined
      ? { kind: "ours", reason: undefined }
      : { kind: "foreign", reason: `it contains ${foreign}` };
  } catch (error) {
    return { kind: "unreadable", reason: storageReason(error) ?? systemCode(error) };
  }
}

/** Measured like a commit. */
function writeIn(folder: string): DirectoryFacts["write"] {
  const path = join(folder, `doctor.${process.pid}.tmp`);
  const startedMs = performance.now();
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, new Uint8Array(PROBE_BYTES));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return { tookMs: performance.now() - startedMs };
  } catch (error) {
    return { failure: storageReason(error) ?? systemCode(error) };
  } finally {
    attempt(() => rmSync(path, { force: true }));
  }
}

/** Nothing is written to a directory that is not tankd's yet. */
function mayWriteIn(folder: string): DirectoryFacts["write"] {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { tookMs: 0 };
  } catch (error) {
    return { failure: storageReason(error) ?? systemCode(error) };
  }
}

function spaceOf(path: string): DirectoryFacts["space"] {
  const found = attempt(() => statfsSync(path));
  return found && { freeBytes: found.bavail * found.bsize, freeFiles: found.ffree };
}

function nearestThere(path: string): string {
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
