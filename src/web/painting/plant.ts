import type { Looks, Stem } from "../wire.ts";
import { type Brush, colour, oval } from "./brush.ts";
import { paintFlower } from "./flower.ts";

/** Height of a grown plant, pixels of the world, and how far its twigs may reach to a side. */
export const PLANT_HEIGHT = 65;
const REACH = 1.1;
/** Room above for leaves and the flower, as a share of the height. */
const CROWN = 0.25;

/** A picture of a plant, drawn once: its foot is at the middle of the lower edge. */
export interface PlantPicture {
  readonly looks: Looks;
  readonly scale: number;
  readonly plant: HTMLCanvasElement;
  readonly flower: HTMLCanvasElement;
  /** Of the whole picture, in heights of the plant. */
  readonly width: number;
  readonly height: number;
  /** Its highest tip, where the flower opens; in heights of the plant. */
  readonly tip: { readonly x: number; readonly y: number };
}

/** `scale` is screen pixels per pixel of the world. */
export function drawPlant(looks: Looks, scale: number): PlantPicture {
  const unit = PLANT_HEIGHT * scale;
  const { stems } = looks;
  // A broad one is drawn smaller, so that it fits its place.
  const reach = stems.reduce((most, { x1, x2 }) => Math.max(most, Math.abs(x1), Math.abs(x2)), 0);
  const shrink = reach > REACH ? REACH / reach : 1;
  const [plant, brush] = sheet(2 * (REACH + CROWN) * unit, (1 + CROWN) * unit);
  brush?.setTransform(unit * shrink, 0, 0, -unit * shrink, plant.width / 2, plant.height);
  if (brush !== null) paintStems(brush, looks);
  const [flower, fine] = sheet(FLOWER * unit, FLOWER * unit);
  fine?.translate(flower.width / 2, flower.height / 2);
  if (fine !== null) paintFlower(fine, looks, flower.width / 2);
  const top = highest(stems);
  return {
    looks,
    scale,
    plant,
    flower,
    width: 2 * (REACH + CROWN),
    height: 1 + CROWN,
    tip: { x: top.x2 * shrink, y: top.y2 * shrink },
  };
}

/** Width of the flower, in heights of the plant. */
export const FLOWER = 0.36;

const NO_STEM: Stem = { x1: 0, y1: 0, x2: 0, y2: 0, depth: 0 };

function highest(stems: readonly Stem[]): Stem {
  return stems.reduce((top, stem) => (stem.y2 > top.y2 ? stem : top), NO_STEM);
}

function sheet(width: number, height: number): [HTMLCanvasElement, Brush | null] {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return [canvas, canvas.getContext("2d")];
}

/**
 * Stems by depth, the thin ones last and lighter; a leaf at each end from which nothing grows on.
 */
function paintStems(brush: Brush, { stems, hue }: Looks): void {
  // Green with a hint of the plant's own hue.
  const green = 0.34 + 0.12 * (hue - 0.5);
  const starts = new Set(stems.map(({ x1, y1 }) => `${x1} ${y1}`));
  brush.lineCap = "round";
  for (const { x1, y1, x2, y2, depth } of [...stems].sort((a, b) => a.depth - b.depth)) {
    brush.strokeStyle = colour(green, 36 + 4 * depth, 24 + 5 * depth);
    brush.lineWidth = Math.max(0.016, 0.06 - 0.013 * depth);
    brush.beginPath();
    brush.moveTo(x1, y1);
    brush.lineTo(x2, y2);
    brush.stroke();
    if (starts.has(`${x2} ${y2}`)) continue;
    brush.fillStyle = colour(green + 0.03, 48, 38 + 3 * depth, 0.9);
    oval(brush, x2, y2, 0.062, 0.028, Math.atan2(y2 - y1, x2 - x1));
  }
}
