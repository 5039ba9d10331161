import type { PlantId, PlantLooks, PlantView } from "../../sim/types.ts";

/** What is known of the looks of plants. It never changes: with news there is a new one. */
export type Looks = ReadonlyMap<PlantId, PlantLooks>;

const NO_LOOKS: Looks = new Map();

/** A viewer gets up to 2 kB for each; nobody tells more of them apart. */
const SHOWN_MAX = 1000;

/**
 * Looks of plants cost much to work out and to send, and never change: so a simulation shows each
 * plant once, as long as it is watched. This is its side: whom it has shown.
 */
export class ShownPlants {
  #shown = new Set<PlantId>();
  #owing = false;

  /** Whether some plant's turn has not come yet. */
  get owing(): boolean {
    return this.#owing;
  }

  /** Somebody new looks on, who has seen none. */
  forget(): void {
    this.#shown.clear();
  }

  /** The looks of those that nobody has seen yet, at most `max` of them; the others' turn comes. */
  next(
    plants: readonly PlantView[],
    max: number,
    looksOf: (plantId: PlantId) => PlantLooks | undefined,
  ): readonly PlantLooks[] {
    const living = plants.map(({ plant_id }) => plant_id);
    // The dead are forgotten: a plant that comes back from a journey is shown anew.
    const known = living.filter((id) => this.#shown.has(id));
    const room = Math.min(max, SHOWN_MAX - known.length);
    const fresh = living.filter((id) => !this.#shown.has(id)).slice(0, room);
    this.#shown = new Set([...known, ...fresh]);
    this.#owing = fresh.length > 0;
    return fresh.flatMap((id) => looksOf(id) ?? []);
  }
}

/** The other side: the looks of all that live and were shown. */
export class PlantAlbum {
  #looks: Looks = NO_LOOKS;

  /** Puts the new ones in and takes out those that live no more. */
  update(plants: readonly PlantView[], news: readonly PlantLooks[]): Looks {
    const all = new Map([...this.#looks, ...news.map((looks) => [looks.plant_id, looks] as const)]);
    const kept = plants.flatMap(({ plant_id }) => {
      const looks = all.get(plant_id);
      return looks === undefined ? [] : [[plant_id, looks] as const];
    });
    if (news.length > 0 || kept.length !== this.#looks.size) this.#looks = new Map(kept);
    return this.#looks;
  }
}
