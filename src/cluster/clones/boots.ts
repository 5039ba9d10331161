import { z } from "zod";
import type { Journal } from "../../store/journal.ts";
import type { PositionStatement } from "./position.ts";

const META_KEY = "cluster.boots";
/** A start a day for two months; of what was said before these nothing is concluded. */
const BOOTS_KEPT = 64;

const bootsSchema = z.array(
  z.object({ boot_id: z.string(), after: z.number().int().nonnegative() }),
);
type Boot = z.infer<typeof bootsSchema>[number];

/**
 * The starts of this node, as its journal knows them, each with the position after which it began.
 * They tell a journal from another one that was the same until some day: each lacks the starts that
 * the other has had since.
 */
export class Boots {
  readonly #journal: Pick<Journal, "position" | "meta" | "commit">;
  readonly #bootId: string;
  #boots: readonly Boot[] = [];
  #begun = false;

  constructor(journal: Pick<Journal, "position" | "meta" | "commit">, bootId: string) {
    this.#journal = journal;
    this.#bootId = bootId;
  }

  /** Whether this start is written down. Nothing is said of a position before. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Writes this start down. Rejects when the storage does; may be tried again. */
  async begin(): Promise<void> {
    if (this.#begun) return;
    const boots = [...readBoots(await this.#journal.meta(META_KEY))];
    boots.push({ boot_id: this.#bootId, after: this.#journal.position });
    const kept = boots.slice(-BOOTS_KEPT);
    await this.#journal.commit([{ put: "meta", key: META_KEY, value: JSON.stringify(kept) }]);
    this.#boots = kept;
    this.#begun = true;
  }

  /**
   * Why this journal cannot be the one of which the statement, which is this node's own, was made;
   * undefined when it can.
   */
  contradictionTo({ position, bootId }: PositionStatement): string | undefined {
    if (!this.#begun) return undefined;
    const here = this.#journal.position;
    if (position > here) return `it has seen ${position} commits of it, and here are ${here}`;
    const boot = this.#boots.findLast(({ after }) => after < position);
    if (!boot || boot.boot_id === bootId) return undefined;
    return `it has seen commit ${position} of it made by another start than here`;
  }
}

function readBoots(text: string | undefined): readonly Boot[] {
  if (text === undefined) return [];
  try {
    return bootsSchema.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
