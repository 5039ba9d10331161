import type { Journal } from "../../store/journal.ts";
import type { TermStore } from "../deps.ts";
import { termSchema } from "../wire.ts";

const META_KEY = "cluster.term";

/** Stores the term among the journal's meta values. */
export function journalTermStore(journal: Pick<Journal, "meta" | "commit">): TermStore {
  return {
    async load() {
      const text = await journal.meta(META_KEY);
      if (text === undefined) return undefined;
      try {
        return termSchema.safeParse(JSON.parse(text)).data;
      } catch {
        return undefined;
      }
    },
    async save(term) {
      await journal.commit([{ put: "meta", key: META_KEY, value: JSON.stringify(term) }]);
    },
  };
}
