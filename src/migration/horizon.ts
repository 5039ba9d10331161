import { BoundedMap } from "../platform/bounded-map.ts";
import type { Journal, JournalWrite } from "../store/journal.ts";
import type { HorizonRow } from "../store/rows.ts";
import type { AbortRequest } from "./protocol.ts";

/**
 * How far back this node has to remember: for each (source node, source tank, destination tank) the
 * lowest transfer that the source still called undecided. The source settled everything below, so
 * an unknown id from there is a late copy of something that may have been forgotten, or that was
 * settled by hand: it must neither be taken nor declared dead. Kept in the journal.
 *
 * The node is part of the key: nobody can age the transfers of another.
 */
export class Horizon {
  readonly #journal: Journal;
  /** May be ahead of the disk: what a source said stays true. */
  readonly #lowest: BoundedMap<string, number>;

  constructor(journal: Journal, pairsMax: number) {
    this.#journal = journal;
    this.#lowest = new BoundedMap(pairsMax);
  }

  async isBehind(request: AbortRequest): Promise<boolean> {
    const key = keyOf(request);
    const stored = await this.#journal.horizon(pairOf(request));
    this.#lowest.set(key, Math.max(stored, this.#lowest.get(key) ?? 0));
    return request.sequence < (this.#lowest.get(key) ?? 0);
  }

  /** For the transaction that decides: remembers how far its request says the source has come. */
  advance(request: AbortRequest): JournalWrite[] {
    const key = keyOf(request);
    const known = this.#lowest.get(key) ?? 0;
    if (request.lowest_undecided < known) return [];
    this.#lowest.set(key, request.lowest_undecided);
    const { lowest_undecided } = request;
    return [{ put: "horizon", row: { ...pairOf(request), lowest_undecided } }];
  }
}

function pairOf({ source, destination }: AbortRequest): Omit<HorizonRow, "lowest_undecided"> {
  return {
    source_node_id: source.node_id,
    source_tank_id: source.tank_id,
    destination_tank_id: destination.tank_id,
  };
}

/** JSON, so that no two pairs read the same, whatever a peer calls its tanks. */
function keyOf({ source, destination }: AbortRequest): string {
  return JSON.stringify([source.node_id, source.tank_id, destination.tank_id]);
}
