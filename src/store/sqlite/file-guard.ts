import { statSync } from "node:fs";
import { storageError } from "../../platform/real/storage-failures.ts";
import { StorageUnavailable } from "../journal.ts";

/**
 * Detects that open files are no longer the ones at their paths: deleted, moved or replaced. Writes
 * to them succeed, but the next start would not find the data.
 */
export class FileGuard {
  readonly #inodes = new Map<string, string | undefined>();

  /** Records the files at these paths as they are now; missing ones once they exist. */
  constructor(paths: readonly string[]) {
    for (const path of paths) this.#inodes.set(path, inodeOf(path));
  }

  /** Throws {@link StorageUnavailable}, until the original file is back. */
  check(): void {
    for (const [path, known] of this.#inodes) {
      const present = inodeOf(path);
      if (known === undefined) this.#inodes.set(path, present);
      else if (present !== known) {
        throw new StorageUnavailable(
          `${path} was ${present === undefined ? "removed" : "replaced"} while the node runs: ` +
            "put it back, or stop the node and restore the data directory",
        );
      }
    }
  }
}

function inodeOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stat && `${stat.dev} ${stat.ino}`;
  } catch (error) {
    throw storageError(path, error);
  }
}
