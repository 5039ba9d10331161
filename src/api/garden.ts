import type { PlantId, PlantLooks, PlantStem, PlantView } from "../sim/types.ts";
import type { Frame } from "../tanks/tanks.ts";
import { round } from "./rounding.ts";

/** Fields of the messages `plants` and `looks`. */
export const PLANT_FIELDS = {
  plants: ["plant_id", "x", "y", "size", "nectar"],
  /** Fields of one stem; its ends in parts of the plant's height, from the foot upwards. */
  stems: ["x1", "y1", "x2", "y2", "depth"],
} as const;
/** Resolution of positions in a plant, in parts of its height. */
export const STEM_PARTS = 200;

/** Frames between two messages about the state of plants, which grow slowly: about a second. */
const FRAMES_PER_NEWS = 15;
/** Resolution of a plant's size: 1 is a pixel of its 65. */
const SIZE_PARTS = 65;

/** The looks of a plant that were sent. */
interface Told {
  readonly iterations: number;
  readonly text: string;
}

/**
 * The messages about a tank's plants, which would be too much for every frame. `plants` has their
 * state, once a second, if it has changed. `looks` tells how to draw a plant: once, and again when
 * it has grown more branches. A plant that shrinks keeps its branches.
 */
export class Garden {
  readonly #told = new Map<PlantId, Told>();
  #plants = "";
  #frames = 0;

  /** Messages for all viewers before this frame. */
  news({ plants, looks }: Frame): readonly string[] {
    const fresh = plants.flatMap((plant) => this.#look(plant, looks.get(plant.plant_id)) ?? []);
    const news = fresh.length > 0 ? [looksMessage(fresh)] : [];
    const due = this.#frames % FRAMES_PER_NEWS === 0;
    this.#frames++;
    if (!due) return news;
    const text = JSON.stringify(plantsMessage(plants));
    if (text === this.#plants) return news;
    this.#plants = text;
    this.#forgetDead(plants);
    return [...news, text];
  }

  /** Messages for a new viewer. */
  everything(): readonly string[] {
    if (this.#plants === "") return [];
    const looks = [...this.#told.values()].map(({ text }) => text);
    return [...(looks.length > 0 ? [looksMessage(looks)] : []), this.#plants];
  }

  #look(plant: PlantView, looks: PlantLooks | undefined): string | undefined {
    if (looks === undefined) return undefined;
    const { plant_id, iterations } = plant;
    const told = this.#told.get(plant_id);
    if (told !== undefined && told.iterations >= iterations) return undefined;
    const text = JSON.stringify(describeLooks(looks, iterations));
    this.#told.set(plant_id, { iterations, text });
    return text;
  }

  #forgetDead(plants: readonly PlantView[]): void {
    const living = new Set(plants.map(({ plant_id }) => plant_id));
    for (const id of this.#told.keys()) if (!living.has(id)) this.#told.delete(id);
  }
}

/** All messages about the plants of a tank at one tick. */
export function gardenMessages(plants: readonly PlantView[], looks: readonly PlantLooks[]) {
  const grown = new Map(plants.map(({ plant_id, iterations }) => [plant_id, iterations]));
  return {
    plants: plantsMessage(plants),
    looks: {
      type: "looks",
      looks: looks.map((one) => describeLooks(one, grown.get(one.plant_id) ?? 1)),
    },
  };
}

function plantsMessage(plants: readonly PlantView[]) {
  return { type: "plants", plants: plants.map(encodePlant) };
}

function looksMessage(looks: readonly string[]): string {
  return `{"type":"looks","looks":[${looks.join(",")}]}`;
}

function encodePlant({ plant_id, x, y, size, nectar_ready }: PlantView) {
  return [
    plant_id,
    round(x, 10),
    round(y, 10),
    round(round(size, SIZE_PARTS), 1000),
    Number(nectar_ready),
  ];
}

function describeLooks(looks: PlantLooks, iterations: number) {
  const { plant_id, hue, floral_hue, floral_type, petals, layers, spin } = looks;
  return {
    plant_id,
    hue: round(hue, 1000),
    floral_hue: round(floral_hue, 1000),
    floral_type,
    petals,
    layers,
    spin: round(spin, 1000),
    stems: (looks.stems[iterations - 1] ?? []).flatMap(encodeStem),
  };
}

function encodeStem([x1, y1, x2, y2, depth]: PlantStem): readonly number[] {
  const part = (share: number) => Math.round(share * STEM_PARTS);
  return [part(x1), part(y1), part(x2), part(y2), depth];
}
