import type { Looks, Plant } from "../wire.ts";
import type { Brush } from "./brush.ts";
import { drawPlant, FLOWER, PLANT_HEIGHT, type PlantPicture } from "./plant.ts";

/** Turns of a plant in the current, radians, and how long one takes. */
const SWAY = 0.035;
const SWAY_MS = 1900;

/** Draws plants from cached pictures: hundreds of stems per frame would be too many. */
export class GardenPainter {
  readonly #pictures = new Map<string, PlantPicture>();

  paint(
    brush: Brush,
    plants: readonly Plant[],
    looks: ReadonlyMap<string, Looks>,
    scale: number,
    nowMs: number,
  ): void {
    if (this.#pictures.size > plants.length) this.#forget(plants);
    for (const plant of plants) {
      const own = looks.get(plant.id);
      if (own !== undefined) paintPlant(brush, plant, this.#picture(own, scale), nowMs);
    }
  }

  #picture(looks: Looks, scale: number): PlantPicture {
    const known = this.#pictures.get(looks.plant_id);
    if (known?.looks === looks && known.scale === scale) return known;
    const picture = drawPlant(looks, scale);
    this.#pictures.set(looks.plant_id, picture);
    return picture;
  }

  #forget(plants: readonly Plant[]): void {
    const living = new Set(plants.map(({ id }) => id));
    for (const id of this.#pictures.keys()) if (!living.has(id)) this.#pictures.delete(id);
  }
}

function paintPlant(brush: Brush, plant: Plant, picture: PlantPicture, nowMs: number): void {
  const unit = PLANT_HEIGHT * plant.size;
  const { width, height, tip } = picture;
  brush.save();
  brush.translate(plant.x, plant.y);
  brush.rotate(SWAY * Math.sin(nowMs / SWAY_MS + plant.x / 70));
  brush.drawImage(picture.plant, (-width / 2) * unit, -height * unit, width * unit, height * unit);
  if (plant.nectar) {
    brush.translate(tip.x * unit, -tip.y * unit);
    const across = FLOWER * unit;
    brush.drawImage(picture.flower, -across / 2, -across / 2, across, across);
  }
  brush.restore();
}
