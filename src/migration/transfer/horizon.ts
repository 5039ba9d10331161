import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { HorizonRow } from "../../store/rows.ts";
import type { AbortRequest } from "./protocol.ts";

/**
 * The oldest decisions that this node has to remember: for each (source node, source tank,
 * destination tank) the lowest sequence that the source has declared undecided. The source has
 * settled everything below. So an unknown id below it is a late copy of a forgotten transfer, or of
 * one that was settled by hand: it must be neither accepted nor aborted. Stored in the journal.
 *
 * The node is part of the key, so that no node can advance the horizon of another.
 */
export class Horizon {
  readonly #journal: Journal;
  /** May be ahead of the disk, since a source's declaration stays true. */
  readonly #lowest: BoundedMap<string, number>;

  constructor(journal: Journal, pairsMax: number) {
    this.#journal = journal;
    this.#lowest = new BoundedMap(pairsMax);
  }

  async isBehind(request: AbortRequest): Promise<boolean> {
    const pair = horizonPair(request);
    const key = keyOfPair(pair);
    const stored = await this.#journal.horizon(pair);
    this.#lowest.set(key, Math.max(stored, this.#lowest.get(key) ?? 0));
    return request.sequence < (this.#lowest.get(key) ?? 0);
  }

  /** Writes for the transaction that decides: the horizon that its request has declared. */
  advance(request: AbortRequest): JournalWrite[] {
    const pair = horizonPair(request);
    const key = keyOfPair(pair);
    const known = this.#lowest.get(key) ?? 0;
    if (request.lowest_undecided < known) return [];
    this.#lowest.set(key, request.lowest_undecided);
    const { lowest_undecided } = request;
    return [{ put: "horizon", row: { ...pair, lowest_undecided } }];
  }
}

/** A pair of tanks with the node of the source, to which a horizon belongs. */
export type HorizonPair = Omit<HorizonRow, "lowest_undecided">;

export function horizonPair({ source, destination }: AbortRequest): HorizonPair {
  return {
    source_node_id: source.node_id,
    source_tank_id: source.tank_id,
    destination_tank_id: destination.tank_id,
  };
}

/** JSON, so that keys are unambiguous whatever ids a peer sends. */
export function keyOfPair(pair: HorizonPair): string {
  return JSON.stringify([pair.source_node_id, pair.source_tank_id, pair.destination_tank_id]);
}
