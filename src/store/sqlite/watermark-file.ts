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
import { CHUNK_BYTES, PAGE_BYTES, SlotImage } from "../watermarks/slot-image.ts";

const MODE = 0o600;

/** The path of a database's watermarks: beside it. */
export function watermarkPath(databasePath: string): string {
  return `${databasePath.replace(/\.db$/, "")}.watermarks`;
}

/** The content of a watermark file, for readers; undefined when there is none. */
export function readWatermarks(path: string): SlotImage | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return bytes.length === 0 ? undefined : new SlotImage(bytes);
}

/**
 * The file that stores the end of each log outside of the database. It is extended before anything
 * is acknowledged, and then only overwritten, so that a full disk does not prevent writes (on file
 * systems that overwrite in place; btrfs and ZFS do not).
 */
export class WatermarkFile {
  readonly image: SlotImage;
  readonly #path: string;
  readonly #file: number;

  /** Opens the file; creates it when it is missing. */
  constructor(path: string) {
    this.#path = path;
    const isNew = !existsSync(path);
    this.#file = openSync(path, isNew ? "wx+" : "r+", MODE);
    if (isNew) syncDirectory(dirname(path));
    const bytes = readFileSync(this.#file);
    this.image = new SlotImage(bytes);
    if (bytes.length < this.image.fileBytes) this.#fill(bytes.length, this.image.fileBytes);
  }

  /** Extends the file by `slots` slots. On StorageUnavailable the content is unchanged. */
  reserve(slots: number): void {
    while (this.image.free < slots) {
      const { fileBytes } = this.image;
      this.#attempt(() => this.#fill(fileBytes, fileBytes + CHUNK_BYTES));
      this.image.grow();
    }
  }

  /** Writes the image durably. After StorageUnavailable, the next call writes all of it. */
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

  /**
   * Zeros are written explicitly: a hole in the file would still need space on the disk later. They
   * are written page by page: Linux caches a large write as one folio, and counts the whole folio
   * in `/proc/PID/io` whenever one of its pages is written.
   */
  #fill(from: number, to: number): void {
    const zeros = new Uint8Array(PAGE_BYTES);
    for (let offset = from; offset < to; offset += PAGE_BYTES) {
      this.#write(zeros.subarray(0, to - offset), offset);
    }
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
