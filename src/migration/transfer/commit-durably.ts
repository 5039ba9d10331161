import { messageOf, Problem, StorageUnavailable } from "../../platform/errors.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";

/** Commits, and rejects with Problem `storage_unavailable` where the storage takes no writes. */
export async function commitDurably(
  journal: Pick<Journal, "commit">,
  writes: readonly JournalWrite[],
): Promise<void> {
  try {
    await journal.commit(writes);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new Problem("storage_unavailable", messageOf(error), { cause: error });
  }
}
