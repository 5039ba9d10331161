import type { Looks } from "../wire.ts";
import { type Brush, colour, dot, FULL_TURN, oval } from "./brush.ts";

/**
 * A petal around 0, 0 that points along x: half its length, half its width, and how far out it
 * lies.
 */
interface Petal {
  readonly long: number;
  readonly wide: number;
  readonly out: number;
}

/** By floral type, as shares of the layer's radius. */
const PETALS: Readonly<Record<string, Petal>> = {
  rose: { long: 0.42, wide: 0.4, out: 0.5 },
  star: { long: 0.5, wide: 0.16, out: 0.5 },
  bell: { long: 0.46, wide: 0.3, out: 0.36 },
  spiral: { long: 0.5, wide: 0.2, out: 0.46 },
  lotus: { long: 0.5, wide: 0.26, out: 0.5 },
  dahlia: { long: 0.44, wide: 0.14, out: 0.54 },
};
const PLAIN: Petal = { long: 0.45, wide: 0.25, out: 0.5 };

/**
 * A flower around 0, 0: layers of petals, the inner ones lighter and turned by the plant's spin.
 */
export function paintFlower(brush: Brush, looks: Looks, radius: number): void {
  const { petals, layers, spin, floral_hue } = looks;
  const { long, wide, out } = PETALS[looks.floral_type] ?? PLAIN;
  for (let layer = 0; layer < layers; layer++) {
    const reach = radius * (1 - (0.75 * layer) / layers);
    brush.fillStyle = colour(floral_hue, 70, 58 + (22 * layer) / layers, 0.92);
    for (let petal = 0; petal < petals; petal++) {
      const angle = (petal / petals + layer * spin) * FULL_TURN;
      const [x, y] = [Math.cos(angle) * reach * out, Math.sin(angle) * reach * out];
      const turn = looks.floral_type === "spiral" ? angle + 0.7 : angle;
      oval(brush, x, y, reach * long, reach * wide, turn);
    }
  }
  brush.fillStyle = "#fff3c4";
  dot(brush, 0, 0, radius * 0.17);
}
