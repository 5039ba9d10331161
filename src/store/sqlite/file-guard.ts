import { statSync } from "node:fs";
import { storageError } from "../../platform/real/storage-failures.ts";
import { StorageUnavailable } from "../journal.ts";

/**
 * Notices that files which are held open are no longer those that the next start would find:
 * deleted, moved, or replaced. What is written to them then is lost, though every write succeeds.
 */
export class FileGuard {
  readonly #inodes = new Map<string, string | undefined>();

  /**
   * The files at these paths, as they are now; one that is not there yet is taken when it comes.
   */
  constructor(paths: readonly string[]) {
    for (const path of paths) this.#inodes.set(path, inodeOf(path));
  }

  /** Throws {@link StorageUnavailable}. A file that was put back is fine again. */
  check(): void {
    for (const [path, known] of this.#inodes) {
      const present = inodeOf(path);
      if (known === undefined) this.#inodes.set(path, present);
      else if (present !== known) {
        throw new StorageUnavailable(
          `${path} was ${present === undefined ? "taken away" : "replaced"} while the node runs: ` +
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
