import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Journal, JournalConflict, type JournalWrite, StorageUnavailable } from "./journal.ts";
import { withCommit } from "./with-commit.ts";

/**
 * A commit that takes longer is stuck: the disk hangs, or its thread cannot be restarted. Commits
 * behind it, and later ones, are refused instead of waiting.
 */
const STUCK_AFTER_MS = 10_000;

export interface GroupCommitPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: Metrics;
  /** Called for each transaction that the storage refuses or does not answer. Default: none. */
  readonly onUnavailable?: (error: StorageUnavailable) => void;
}

interface Waiting {
  readonly writes: readonly JournalWrite[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit for all tanks: commits that are requested while one is in flight become the next
 * single transaction, in order. A synced transaction costs about the same with one row as with a
 * hundred, so waiting callers share one.
 *
 * Each caller still gets the guarantee of {@link Journal.commit}: when a shared transaction is
 * refused for its content, its parts are retried one by one, and only the faulty one rejects.
 */
export function groupCommit(journal: Journal, ports: GroupCommitPorts): Journal {
  const { clock, timers, metrics, onUnavailable = () => {} } = ports;
  let waiting: Waiting[] = [];
  let writing = false;
  let startedMs = 0;

  const write = async (writes: readonly JournalWrite[]): Promise<void> => {
    startedMs = clock.monotonicMs();
    const cancel = timers.after(STUCK_AFTER_MS, refuseBehindStuck);
    try {
      await journal.commit(writes);
      metrics.count("tankd_commits_total", { outcome: "committed" });
    } catch (error) {
      metrics.count("tankd_commits_total", { outcome: outcomeOf(error) });
      if (error instanceof StorageUnavailable) onUnavailable(error);
      throw error;
    } finally {
      cancel();
    }
    metrics.observe("tankd_commit_seconds", (clock.monotonicMs() - startedMs) / 1000);
  };

  const writeOneByOne = async (batch: readonly Waiting[]): Promise<void> => {
    for (const [index, one] of batch.entries()) {
      try {
        await write(one.writes);
        one.resolve();
      } catch (error) {
        one.reject(error);
        if (error instanceof StorageUnavailable) return rejectAll(batch.slice(index + 1), error);
      }
    }
  };

  const writeBatch = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      await write(withoutReplaced(batch.flatMap((one) => one.writes)));
    } catch (error) {
      if (batch.length === 1 || error instanceof StorageUnavailable) return rejectAll(batch, error);
      return writeOneByOne(batch);
    }
    for (const one of batch) one.resolve();
  };

  const drain = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await writeBatch(batch);
    }
    writing = false;
  };

  /** Rejects the waiting commits, none of which has reached the journal. */
  const refuseBehindStuck = (): void => {
    const seconds = Math.round((clock.monotonicMs() - startedMs) / 1000);
    const refused = waiting;
    waiting = [];
    const error = new StorageUnavailable(`the disk has not answered for ${seconds} s`);
    rejectAll(refused, error);
    onUnavailable(error);
  };

  return withCommit(
    journal,
    (writes) =>
      new Promise((resolve, reject) => {
        waiting.push({ writes, resolve, reject });
        if (!writing) void drain();
        else if (clock.monotonicMs() - startedMs >= STUCK_AFTER_MS) refuseBehindStuck();
      }),
  );
}

/**
 * Without the rows that a later write of the same transaction replaces: each of a hundred transfers
 * says how far its pair and its other node have come.
 */
function withoutReplaced(writes: readonly JournalWrite[]): readonly JournalWrite[] {
  const later = new Set<string>();
  const isKept = (write: JournalWrite): boolean => {
    const key = replacedKeyOf(write);
    if (key === undefined) return true;
    if (later.has(key)) return false;
    later.add(key);
    return true;
  };
  return writes.toReversed().filter(isKept).reverse();
}

/** The key of a row that replaces the one before it, as far as transfers write it. */
function replacedKeyOf(write: JournalWrite): string | undefined {
  if (!("put" in write)) return undefined;
  if (write.put === "remembered") return write.row.node_id;
  if (write.put !== "horizon") return undefined;
  const { source_node_id, source_tank_id, destination_tank_id } = write.row;
  return JSON.stringify([source_node_id, source_tank_id, destination_tank_id]);
}

function rejectAll(batch: readonly Waiting[], error: unknown): void {
  for (const one of batch) one.reject(error);
}

function outcomeOf(error: unknown): string {
  if (error instanceof StorageUnavailable) return "unavailable";
  return error instanceof JournalConflict ? "conflict" : "failed";
}
