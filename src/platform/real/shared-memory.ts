import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { SharedMemory } from "../shared-memory.ts";
import { mountOf } from "./mounts.ts";

/** Where Linux offers memory as files (shm_overview(7)). */
const SHARED_MEMORY = "/dev/shm";
const OWN_MODE = 0o700;
const FILE_MODE = 0o600;
/** A link beside each folder leads to the data directory that it belongs to. */
const OWNER_SUFFIX = ".of";

/** Other programs use that file system too: this share of it stays free. */
const FREE_SHARE_MIN = 0.5;
/** The state of 20,000 fish. Memory is taken as a whole, which takes long where there is more. */
const BYTES_MAX = 2 ** 26;
const ZEROS = new Uint8Array(2 ** 18);

/** Shared memory as files of a file system in memory, mapped into the process. */
export class SharedMemoryFiles implements SharedMemory {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  create(name: string, bytes: number): ArrayBuffer | undefined {
    const path = join(this.folder, name);
    return attempt(() => {
      rmSync(path, { force: true });
      if (bytes > BYTES_MAX) return undefined;
      const { bavail, blocks, bsize } = statfsSync(this.folder);
      if (bavail * bsize - bytes < blocks * bsize * FREE_SHARE_MIN) return undefined;
      try {
        writeZeros(path, bytes);
        return mapped(path);
      } catch (error) {
        rmSync(path, { force: true });
        throw error;
      }
    });
  }

  open(name: string): ArrayBuffer | undefined {
    const path = join(this.folder, name);
    return attempt(() => (existsSync(path) ? mapped(path) : undefined));
  }

  names(): readonly string[] {
    return attempt(() => readdirSync(this.folder)) ?? [];
  }

  remove(name: string): void {
    attempt(() => rmSync(join(this.folder, name), { force: true }));
  }

  /** Gives up everything. */
  removeAll(): void {
    attempt(() => removeFolder(this.folder));
  }
}

/** Takes the memory at once: a page that turns out to be missing later would kill the process. */
function writeZeros(path: string, bytes: number): void {
  const file = openSync(path, "wx", FILE_MODE);
  try {
    for (let left = bytes; left > 0; ) {
      left -= writeSync(file, ZEROS, 0, Math.min(left, ZEROS.length));
    }
  } finally {
    closeSync(file);
  }
}

function mapped(path: string): ArrayBuffer {
  const { buffer } = Bun.mmap(path, { shared: true });
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new Error("the mapping is no plain buffer");
}

/**
 * The shared memory of the node that holds the lock of this data directory; undefined where the
 * system has none that is this user's alone. The same directory finds its memory again, a copy of
 * it does not. That of directories which are gone is given up.
 */
export function openSharedMemory(dataDirectory: string): SharedMemoryFiles | undefined {
  if (mountOf(SHARED_MEMORY)?.type !== "tmpfs") return undefined;
  return attempt(() => {
    const own = join(SHARED_MEMORY, `tankd-${process.getuid?.()}`);
    if (!existsSync(own)) mkdirSync(own, { mode: OWN_MODE });
    if (!isOursAlone(own)) return undefined;
    const folder = join(own, identityOf(dataDirectory));
    // The link is there before the folder, so no other start takes the folder for abandoned.
    rmSync(folder + OWNER_SUFFIX, { force: true });
    symlinkSync(dataDirectory, folder + OWNER_SUFFIX);
    for (const name of readdirSync(own)) removeIfAbandoned(join(own, name));
    mkdirSync(folder, { recursive: true, mode: OWN_MODE });
    return new SharedMemoryFiles(folder);
  });
}

/** Everybody may create names there: a folder that is another's could hold anything. */
function isOursAlone(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/**
 * Unlike its path, which may lead elsewhere in another container. With the time of its birth, since
 * the inode of a directory that is gone is soon that of another one.
 */
function identityOf(directory: string): string {
  const { dev, ino, birthtimeNs } = statSync(directory, { bigint: true });
  return `${dev}-${ino}-${birthtimeNs}`;
}

function removeIfAbandoned(link: string): void {
  if (!link.endsWith(OWNER_SUFFIX)) return;
  const folder = link.slice(0, -OWNER_SUFFIX.length);
  if (attempt(() => identityOf(link)) !== basename(folder)) removeFolder(folder);
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  rmSync(folder + OWNER_SUFFIX, { force: true });
}

/** Shared memory saves time and is never needed: without it, tanks are replayed. */
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
