import type { JournalBounds, JournalReads } from "../../journal.ts";
import type { ErrorData } from "./error-data.ts";
import type { PackedWrites } from "./packed-writes.ts";

/** Reads of the journal, by name. */
export type ReadName = Exclude<keyof JournalReads, "position">;
export type ReadArguments = readonly unknown[];

/** Requests to a disk thread, as plain data for the structured clone. */
export type Work =
  | { readonly kind: "open"; readonly path: string; readonly bounds: JournalBounds }
  | { readonly kind: "commit"; readonly writes: PackedWrites }
  /** The arguments of each of the calls that were made at the same moment; a list of results. */
  | { readonly kind: "read"; readonly name: ReadName; readonly calls: readonly ReadArguments[] }
  | { readonly kind: "load_registry" }
  | { readonly kind: "put_server"; readonly nodeId: string; readonly record: string }
  | { readonly kind: "remove_server"; readonly nodeId: string }
  /** Checks a database that another thread has open for damage. */
  | { readonly kind: "check"; readonly path: string }
  /** Checkpoints the write-ahead log and closes the database. */
  | { readonly kind: "close" };

/** Requests are executed in order, one by one. */
export interface ToDisk {
  readonly request: number;
  readonly work: Work;
}

export type FromDisk =
  | {
      readonly kind: "done";
      readonly request: number;
      readonly result: unknown;
      /** Position of the journal after this request. */
      readonly position: number;
    }
  | { readonly kind: "failed"; readonly request: number; readonly error: ErrorData }
  /** Damage was found and worked around. */
  | { readonly kind: "warning"; readonly sentence: string }
  /** The database was opened, but is too large to be checked for damage first. */
  | { readonly kind: "unchecked" };

/**
 * The port to a disk thread: a Worker, or a substitute in tests. When it ends by itself, it calls
 * `onEnd` with the reason, once, and sends nothing more.
 */
export interface DiskThread {
  post(message: ToDisk): void;
  listen(receiver: { onMessage(message: FromDisk): void; onEnd(reason: string): void }): void;
  /** Resolves when the thread is gone. */
  stop(): Promise<void>;
}
