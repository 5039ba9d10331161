import type { Journal } from "../../src/store/journal.ts";
import type { MemoryJournal } from "../../src/store/memory/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";

/**
 * A journal as a process has it: a commit is synced by the time the process is told of it, and all
 * that was written before is, too. `guarded` leads to `disk`, and its calls end with the process.
 * A sabotaged journal does not wait for the sync, but leaves it to `later`.
 */
export function syncedJournal(
  guarded: Journal,
  disk: MemoryJournal,
  later: (sync: () => void) => void = (sync) => sync(),
): Journal {
  let { position } = guarded;
  const synced = withCommit(guarded, async (writes) => {
    await guarded.commit(writes);
    later(() => disk.unsynced?.sync());
    ({ position } = guarded);
  });
  return Object.defineProperty(synced, "position", { get: () => position });
}
