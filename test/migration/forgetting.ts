import type { Journal, JournalWrite } from "../../src/store/journal.ts";

/**
 * A journal that drops some of what it is told to keep: this is how every durable promise of the
 * protocol can be broken from outside, without a switch in the product.
 */
export function forgetting(
  forgets: (write: JournalWrite) => boolean,
): (journal: Journal) => Journal {
  return (journal) =>
    new Proxy(journal, {
      get(target, key) {
        if (key === "commit") {
          return (writes: readonly JournalWrite[]) =>
            target.commit(writes.filter((write) => !forgets(write)));
        }
        const member: unknown = Reflect.get(target, key, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
}

/** Answers with this decision are given, but not kept. */
export function forgetsDecision(decision: string): (write: JournalWrite) => boolean {
  return (write) => "put" in write && write.put === "inbox" && write.row.decision === decision;
}
