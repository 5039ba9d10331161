import { Problem } from "../../platform/errors.ts";
import { type Journal, JournalConflict, type JournalWrite } from "../../store/journal.ts";

/** Writes that become durable together, and the callbacks of the one that waits for them. */
export interface CommitEntry {
  /** May be empty: then the entry only waits for earlier ones. */
  readonly writes: readonly JournalWrite[];
  /** Sequence number of the log row among the writes; 0 when there is none. */
  readonly seq: number;
  settle(): void;
  fail(error: unknown): void;
}

/**
 * Entries of one tank in one commit: bounds the number that is retried one by one on a conflict.
 */
const ENTRIES_PER_COMMIT_MAX = 256;

/**
 * Commits one tank's log in order. One commit is in flight at a time and takes everything that was
 * queued meanwhile. So rows become durable in the order of seq, and none after a failed one: the
 * first failure closes the queue for good and rejects the rest.
 */
export class CommitQueue {
  readonly #journal: Journal;
  readonly #onFailure: (error: unknown) => void;
  #waiting: CommitEntry[] = [];
  #running: Promise<void> | undefined;
  #closed: Problem | undefined;
  #durableSeq: number;

  constructor(journal: Journal, durableSeq: number, onFailure: (error: unknown) => void) {
    this.#journal = journal;
    this.#durableSeq = durableSeq;
    this.#onFailure = onFailure;
  }

  /** The last entry of the log that is on the disk. */
  get durableSeq(): number {
    return this.#durableSeq;
  }

  get length(): number {
    return this.#waiting.length;
  }

  add(entry: CommitEntry): void {
    if (this.#closed) {
      entry.fail(this.#closed);
      return;
    }
    this.#waiting.push(entry);
    this.#running ??= this.#drain();
  }

  /** Resolves when everything added so far is durable; rejects when an earlier commit fails. */
  flushed(): Promise<void> {
    return new Promise((settle, fail) => this.add({ writes: [], seq: 0, settle, fail }));
  }

  /** Refuses new entries. Resolves when all earlier ones are settled or have failed. */
  async close(reason: Problem): Promise<void> {
    this.#closed ??= reason;
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, ENTRIES_PER_COMMIT_MAX);
      const failed = await this.#commit(batch);
      if (failed) this.#fail(failed.error, failed.rest);
    }
    this.#running = undefined;
  }

  /** Commits the batch at once, or, on a conflict, one by one up to the entry at fault. */
  async #commit(
    batch: readonly CommitEntry[],
  ): Promise<{ readonly error: unknown; readonly rest: readonly CommitEntry[] } | undefined> {
    try {
      await this.#write(batch);
      return undefined;
    } catch (error) {
      if (batch.length === 1 || !(error instanceof JournalConflict)) return { error, rest: batch };
    }
    for (const [index, entry] of batch.entries()) {
      try {
        await this.#write([entry]);
      } catch (error) {
        return { error, rest: batch.slice(index) };
      }
    }
    return undefined;
  }

  async #write(entries: readonly CommitEntry[]): Promise<void> {
    const writes = entries.flatMap((entry) => entry.writes);
    if (writes.length > 0) await this.#journal.commit(writes);
    for (const entry of entries) {
      this.#durableSeq = Math.max(this.#durableSeq, entry.seq);
      entry.settle();
    }
  }

  /** The first of `rest` gets the error; the others depended on a state that is reverted. */
  #fail(error: unknown, rest: readonly CommitEntry[]): void {
    this.#closed ??= new Problem(
      "storage_unavailable",
      "the tank was reverted to its last durable state before this change; try again",
    );
    const [first, ...others] = [...rest, ...this.#waiting];
    this.#waiting = [];
    first?.fail(error);
    for (const entry of others) entry.fail(this.#closed);
    this.#onFailure(error);
  }
}
