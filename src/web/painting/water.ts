import type { Daylight } from "../wire.ts";
import type { Brush } from "./brush.ts";

/** Height of the sand behind the plants, on which crabs walk; pixels of the world. */
const DUNE = 48;

/** The static parts: water, light from above, and sand on each floor (their y, lowest first). */
export function paintWater(
  brush: Brush,
  width: number,
  height: number,
  floors: readonly number[],
): void {
  const depth = brush.createLinearGradient(0, 0, 0, height);
  depth.addColorStop(0, "#1a6a8e");
  depth.addColorStop(0.45, "#0f4460");
  depth.addColorStop(1, "#0a2c40");
  brush.fillStyle = depth;
  brush.fillRect(0, 0, width, height);
  for (let ray = 0; ray < 6; ray++) paintRay(brush, width, height, ray);
  for (const floor of floors) paintSand(brush, width, floor, floor >= height);
}

function paintRay(brush: Brush, width: number, height: number, ray: number): void {
  const left = width * (0.04 + 0.17 * ray);
  const light = brush.createLinearGradient(0, 0, 0, height * 0.8);
  light.addColorStop(0, "rgb(190 235 255 / 10%)");
  light.addColorStop(1, "rgb(190 235 255 / 0%)");
  brush.fillStyle = light;
  brush.beginPath();
  brush.moveTo(left, 0);
  brush.lineTo(left + width * 0.05, 0);
  brush.lineTo(left + width * (0.16 + 0.02 * (ray % 3)), height);
  brush.lineTo(left + width * 0.04, height);
  brush.fill();
}

/** The lowest floor is solid; the others are ledges, with water between them. */
function paintSand(brush: Brush, width: number, floor: number, solid: boolean): void {
  const sand = brush.createLinearGradient(0, floor - DUNE, 0, floor);
  const alpha = solid ? 1 : 0.35;
  sand.addColorStop(0, `rgb(92 104 92 / ${0.5 * alpha})`);
  sand.addColorStop(0.25, `rgb(74 84 76 / ${0.75 * alpha})`);
  sand.addColorStop(1, `rgb(122 112 84 / ${alpha})`);
  brush.fillStyle = sand;
  brush.beginPath();
  brush.moveTo(0, floor);
  for (let x = 0; x <= width + 24; x += 24) {
    brush.lineTo(x, floor - DUNE + 5 * Math.sin(x / 83) + 3 * Math.sin(x / 31 + floor));
  }
  brush.lineTo(width, floor);
  brush.fill();
}

/** Darkens what was painted so far, by a `share` of the night, so that fish stay visible. */
export function paintNight(
  brush: Brush,
  width: number,
  height: number,
  { brightness }: Daylight,
  share: number,
): void {
  const dark = share * (1 - brightness);
  if (dark < 0.01) return;
  brush.fillStyle = `rgb(3 8 34 / ${dark.toFixed(3)})`;
  brush.fillRect(0, 0, width, height);
}

/** The glow of the low sun, at dawn and dusk. */
export function paintTwilight(brush: Brush, width: number, height: number, light: Daylight): void {
  // Low sun: at sunrise (0.25) and sunset (0.75), gone an eighth of a day later.
  const low = 1 - 8 * Math.abs(0.25 - Math.abs(0.5 - light.time));
  if (low <= 0) return;
  const warm = brush.createLinearGradient(0, 0, 0, height * 0.6);
  warm.addColorStop(0, `rgb(255 110 150 / ${(0.24 * low).toFixed(3)})`);
  warm.addColorStop(1, "rgb(170 70 150 / 0)");
  brush.fillStyle = warm;
  brush.fillRect(0, 0, width, height);
}
