import type { Inquiry } from "./inquiry.ts";
import type { Pair } from "./pairs.ts";
import type { Look, PairKey } from "./statement.ts";
import type { TankFinding } from "./tank-check.ts";

type Kept = Look["kept"];

/** Names the fish that make a difference, as far as their rows are still kept. */
export class Names {
  readonly #inquiry: Inquiry;

  constructor(inquiry: Inquiry) {
    this.#inquiry = inquiry;
  }

  /**
   * The newest transfers of a pair that only one end knows: delivered and not accepted where fish
   * are missing, accepted and not delivered where there are too many.
   */
  async ofPair(pair: Pair, surplus: number): Promise<readonly string[]> {
    try {
      const delivered = await this.#keptAt(pair.source_node_id, pair, "out");
      const accepted = await this.#keptAt(pair.destination_node_id, pair, "in");
      const [known, other] = surplus < 0 ? [delivered, accepted] : [accepted, delivered];
      return namesOnlyIn(known, other).slice(0, Math.abs(surplus));
    } catch {
      // Without names the number is told.
      return [];
    }
  }

  /** The newest fish of a tank that make one of its findings. */
  async ofTank(
    nodeId: string,
    tankId: string,
    { named, count }: TankFinding,
  ): Promise<readonly string[]> {
    if (!named) return [];
    try {
      const unmatched = await this.#inquiry.unmatched(nodeId, tankId);
      return unmatched?.[named.of][named.by].slice(0, count) ?? [];
    } catch {
      return [];
    }
  }

  #keptAt(nodeId: string, pair: Pair, side: PairKey["side"]): Promise<Kept> {
    const node_id = side === "out" ? pair.destination_node_id : pair.source_node_id;
    const { source_tank_id, destination_tank_id, entity_type } = pair;
    const key = { side, node_id, source_tank_id, destination_tank_id, entity_type };
    return this.#inquiry.kept(nodeId, key);
  }
}

/** Newest first. Rows older than the oldest of the other end may have been removed there. */
function namesOnlyIn(known: Kept, other: Kept): readonly string[] {
  const sequences = new Set(other.map(({ sequence }) => sequence));
  return known
    .filter(({ sequence }) => !sequences.has(sequence))
    .sort((a, b) => b.sequence - a.sequence)
    .flatMap(({ entity_id }) => entity_id ?? []);
}
