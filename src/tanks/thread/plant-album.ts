import type { PlantId, PlantLooks, PlantView } from "../../sim/types.ts";

/** The looks of plants by id. Immutable: each change makes a new map. */
export type Looks = ReadonlyMap<PlantId, PlantLooks>;

const NO_LOOKS: Looks = new Map();

/** Plants whose looks are sent, up to 2 kB each; people cannot tell more of them apart. */
const SHOWN_MAX = 1000;

/**
 * Looks of plants are expensive to compute and to send, and never change. So a watched simulation
 * sends those of each plant once. This is the sender's side: the plants that were sent.
 */
export class ShownPlants {
  #shown = new Set<PlantId>();
  #owing = false;

  /** Whether some looks remain to be sent. */
  get owing(): boolean {
    return this.#owing;
  }

  /** A new viewer has received none yet. */
  forget(): void {
    this.#shown.clear();
  }

  /** Looks that were not sent yet, at most `max`; the rest follows in later calls. */
  next(
    plants: readonly PlantView[],
    max: number,
    looksOf: (plantId: PlantId) => PlantLooks | undefined,
  ): readonly PlantLooks[] {
    const living = plants.map(({ plant_id }) => plant_id);
    // Absent plants are forgotten: one that returns from another tank is sent again.
    const known = living.filter((id) => this.#shown.has(id));
    const room = Math.min(max, SHOWN_MAX - known.length);
    const fresh = living.filter((id) => !this.#shown.has(id)).slice(0, room);
    this.#shown = new Set([...known, ...fresh]);
    this.#owing = fresh.length > 0;
    return fresh.flatMap((id) => looksOf(id) ?? []);
  }
}

/** The receiver's side: the looks of all living plants that were sent. */
export class PlantAlbum {
  #looks: Looks = NO_LOOKS;

  /** Adds new looks and removes those of plants that are gone. */
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
