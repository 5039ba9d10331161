import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncDirectory } from "../../platform/real/durable-write.ts";
import { storageError } from "../../platform/real/storage-failures.ts";
import { CHUNK_BYTES, SlotImage } from "../watermarks/slot-image.ts";

const MODE = 0o600;

/** Where the watermarks of a database lie: beside it. */
export function watermarkPath(databasePath: string): string {
  return `${databasePath.replace(/\.db$/, "")}.watermarks`;
}

/** What is in a watermark file, for those who only look; undefined when there is none. */
export function readWatermarks(path: string): SlotImage | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return bytes.length === 0 ? undefined : new SlotImage(bytes);
}

/**
 * The file that remembers the end of each log outside of the database. It is as long as it needs to
 * be before anything is promised, and then only overwritten, so that a full disk does not stop it
 * (where the file system overwrites in place, as btrfs and ZFS do not).
 */
export class WatermarkFile {
  readonly image: SlotImage;
  readonly #path: string;
  readonly #file: number;

  /** Opens the file, which is made when it is missing. */
  constructor(path: string) {
    this.#path = path;
    const isNew = !existsSync(path);
    this.#file = openSync(path, isNew ? "wx+" : "r+", MODE);
    if (isNew) syncDirectory(dirname(path));
    const bytes = readFileSync(this.#file);
    this.image = new SlotImage(bytes);
    if (bytes.length < this.image.fileBytes) this.#fill(bytes.length, this.image.fileBytes);
  }

  /** Makes room for `slots` further tanks. Throws StorageUnavailable; what was there stays. */
  reserve(slots: number): void {
    while (this.image.free < slots) {
      const { fileBytes } = this.image;
      this.#attempt(() => this.#fill(fileBytes, fileBytes + CHUNK_BYTES));
      this.image.grow();
    }
  }

  /**
   * Makes durable what the image says. Throws StorageUnavailable; then all of it is written the
   * next time.
   */
  flush(): void {
    const { parts, written } = this.image.stale();
    this.#attempt(() => {
      for (const { offset, bytes } of parts) this.#write(bytes, offset);
      fdatasyncSync(this.#file);
    });
    written();
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Zeros are written, not skipped over: a hole would still need room on the disk. */
  #fill(from: number, to: number): void {
    this.#write(new Uint8Array(to - from), from);
    fsyncSync(this.#file);
  }

  #write(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, offset + done);
    }
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }
}
