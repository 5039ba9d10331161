import { statSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { StorageUnavailable } from "../errors.ts";
import { type Files, pathBelowRoot } from "../files.ts";
import { storageError, systemCode } from "./storage-failures.ts";

/** Suffix of temporary files; a crash may leave one behind. */
const TEMPORARY = ".tmp";

/**
 * Files of one directory. Rejects with StorageUnavailable when the disk fails to write or read.
 * Only one process may write to the directory.
 */
export class DirectoryFiles implements Files {
  readonly #root: string;
  /** Folders that are known to exist. */
  readonly #folders = new Map<string, Promise<void>>();
  /** Folders from which an earlier run's leftovers were removed. */
  readonly #swept = new Set<string>();
  /** Identity of the root, if it exists at the beginning. */
  readonly #inode: string | undefined;
  #writes = 0;

  constructor(root: string) {
    this.#root = resolve(root);
    this.#inode = inodeOf(this.#root);
  }

  async writeDurably(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#locate(path);
    const temporary = `${target}.${this.#writes++}${TEMPORARY}`;
    try {
      await this.#prepare(dirname(target));
      await writeSynced(temporary, bytes);
      await rename(temporary, target);
      await syncDirectory(dirname(target));
    } catch (error) {
      // The folder may have been removed: check again next time.
      this.#folders.clear();
      await rm(temporary, { force: true }).catch(() => {});
      throw storageError(path, error);
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await readFile(this.#locate(path)));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(path, error);
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#locate(folder), { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(TEMPORARY))
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw storageError(folder, error);
    }
  }

  async folders(folder: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#locate(folder), { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw storageError(folder, error);
    }
  }

  async removeFolder(path: string): Promise<void> {
    if (pathBelowRoot(path) === "") throw new Error("the root itself must not be removed");
    try {
      this.#folders.clear();
      await rm(this.#locate(path), { recursive: true, force: true });
    } catch (error) {
      if (!isMissing(error)) throw storageError(path, error);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await rm(this.#locate(path), { force: true });
    } catch (error) {
      if (!isMissing(error)) throw storageError(path, error);
    }
  }

  #locate(path: string): string {
    return join(this.#root, pathBelowRoot(path));
  }

  /** Creates a folder durably, unless it is known to exist. */
  #prepare(folder: string): Promise<void> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const prepared = this.#make(folder);
    this.#folders.set(folder, prepared);
    return prepared;
  }

  async #make(folder: string): Promise<void> {
    // If the directory was moved or the disk unmounted, do not create parts of a new one.
    if (this.#inode !== undefined && inodeOf(this.#root) !== this.#inode) {
      throw new StorageUnavailable(`${this.#root} was removed or replaced`);
    }
    const made = await mkdir(folder, { recursive: true });
    // Only once: later there may be temporary files of this process.
    if (!this.#swept.has(folder)) {
      this.#swept.add(folder);
      await sweep(folder);
    }
    if (made === undefined) return;
    for (let one = folder; one.startsWith(this.#root); one = dirname(one)) await syncDirectory(one);
  }
}

/** Removes temporary files that a crash has left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(TEMPORARY)) await rm(join(folder, name), { force: true });
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs a rename. Not needed, and not available, on Windows. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function inodeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev} ${stat.ino}`;
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(systemCode(error));
}
