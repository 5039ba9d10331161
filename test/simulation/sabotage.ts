import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";

/**
 * Each breaks one promise of the protocol where it meets the store. If the simulator does not
 * notice, the simulator is at fault.
 */
export const SABOTAGE = {
  /** A destination that has forgotten what it accepted takes a repeated transfer as a new one. */
  no_dedup: (journal: Journal) =>
    altered(journal, {
      inboxRow: async () => undefined,
      keep: (write) => !("put" in write && write.put === "inbox"),
    }),
  /** A fish that is nowhere on disk while it travels. */
  no_escrow: (journal: Journal) =>
    altered(journal, { keep: (write) => !("put" in write && write.put === "outbox") }),
  /** Refusals and tombstones that do not outlive their answer. */
  volatile_refusals: (journal: Journal) =>
    altered(journal, {
      keep: (write) =>
        !("put" in write && write.put === "inbox" && write.row.decision !== "accepted"),
    }),
  /** Nobody says how far its journal has come. */
  no_positions: (journal: Journal) =>
    new Proxy(journal, {
      get: (target, key) => (key === "position" ? 0 : Reflect.get(target, key, target)),
    }),
  /** Acknowledges before anything is durable, and then writes nothing of the log. */
  no_log: (journal: Journal) =>
    altered(journal, { keep: (write) => !("put" in write && write.put === "log") }),
} as const;

export type SabotageName = keyof typeof SABOTAGE;

interface Alteration {
  readonly keep: (write: JournalWrite) => boolean;
  readonly inboxRow?: Journal["inboxRow"];
}

function altered(journal: Journal, { keep, ...reads }: Alteration): Journal {
  const writing = withCommit(journal, (writes) => journal.commit(writes.filter(keep)));
  return Object.assign(writing, reads);
}
