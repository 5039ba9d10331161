import { z } from "zod";
import { readShaped } from "../platform/issue-words.ts";
import { type Journal, TRANSFERS_UNCOUNTED } from "../store/journal.ts";
import type { TankCounts } from "./counts.ts";

const count = z.number().int().nonnegative();
const storedSchema = z.record(
  z.string(),
  z.object({ exported: count, restored: count, imported: count }).nullable(),
);
type Stored = z.infer<typeof storedSchema>;

/**
 * Transfers that an earlier version removed without counting them: what the ledgers of its tanks
 * had more than the counts at the first audit. Nothing can be proven about those.
 */
export class Uncounted {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Undefined where every transfer was counted. */
  async read(): Promise<Readonly<Stored> | undefined> {
    // Each time: tanks that come from other nodes bring theirs.
    const text = await this.#journal.meta(TRANSFERS_UNCOUNTED);
    return text === undefined ? undefined : readShaped(storedSchema, JSON.parse(text));
  }

  /** Settles for good what was not counted of a tank. */
  async settle(tankId: string, counts: TankCounts): Promise<void> {
    const value = JSON.stringify({ ...(await this.read()), [tankId]: counts });
    await this.#journal.commit([{ put: "meta", key: TRANSFERS_UNCOUNTED, value }]);
  }
}
