import { z } from "zod";
import type { Journal } from "../../store/journal.ts";
import type { PositionStatement } from "./position.ts";

const META_KEY = "cluster.boots";
/** Starts that are kept: one a day for two months. Earlier statements are not evaluated. */
const BOOTS_KEPT = 64;

const bootsSchema = z.array(
  z.object({ boot_id: z.string(), after: z.number().int().nonnegative() }),
);
type Boot = z.infer<typeof bootsSchema>[number];

/**
 * The starts of this node that its journal has recorded, each with the position at which it began.
 * They distinguish a journal from a copy: each lacks the later starts of the other.
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

  /** Whether this start is recorded. No position is stated before. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Records this start. Rejects when the storage does; may be retried. */
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
   * Why the statement, which is this node's own, contradicts this journal; undefined when it does
   * not.
   */
  contradictionTo({ position, bootId }: PositionStatement): string | undefined {
    if (!this.#begun) return undefined;
    const here = this.#journal.position;
    if (position > here) return `it has seen ${position} commits of it, but here are ${here}`;
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
