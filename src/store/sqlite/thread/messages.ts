import type { JournalBounds, JournalReads, JournalWrite } from "../../journal.ts";
import type { ErrorData } from "./error-data.ts";

/** Questions to the journal, by name. */
export type ReadName = Exclude<keyof JournalReads, "position">;

/** What a disk thread can be asked to do, as plain data that the structured clone takes. */
export type Work =
  | { readonly kind: "open"; readonly path: string; readonly bounds: JournalBounds }
  | { readonly kind: "commit"; readonly writes: readonly JournalWrite[] }
  | { readonly kind: "read"; readonly name: ReadName; readonly args: readonly unknown[] }
  | { readonly kind: "load_registry" }
  | { readonly kind: "put_server"; readonly nodeId: string; readonly record: string }
  | { readonly kind: "remove_server"; readonly nodeId: string }
  /** Looks for damage in a database that another thread has open. */
  | { readonly kind: "check"; readonly path: string }
  /** Writes everything back into the database's one file and lets go of it. */
  | { readonly kind: "close" };

/** Work is done in the order in which it comes, each whole before the next. */
export interface ToDisk {
  readonly request: number;
  readonly work: Work;
}

export type FromDisk =
  | {
      readonly kind: "done";
      readonly request: number;
      readonly result: unknown;
      /** Of the journal after this work. */
      readonly position: number;
    }
  | { readonly kind: "failed"; readonly request: number; readonly error: ErrorData }
  /** Something was damaged and got round. */
  | { readonly kind: "warning"; readonly sentence: string }
  /** The database that was opened is too large to be checked for damage first. */
  | { readonly kind: "unchecked" };

/**
 * The port to a disk thread: a Worker, or in tests anything that answers like one. When it ends by
 * itself, `onEnd` is told why, once, and nothing is heard of it any more.
 */
export interface DiskThread {
  post(message: ToDisk): void;
  listen(receiver: { onMessage(message: FromDisk): void; onEnd(reason: string): void }): void;
  /** Resolves when the thread is gone. */
  stop(): Promise<void>;
}
