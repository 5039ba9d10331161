import type { Food } from "../wire.ts";
import { type Brush, dot, FULL_TURN, glow, oval } from "./brush.ts";

/** Half the width of a whole item, pixels of the world. */
const RADIUS = 4.2;

/** Draws one item around 0, 0 with the given radius. */
type Draw = (brush: Brush, radius: number, nowMs: number) => void;

const DRAWINGS: Readonly<Record<string, Draw>> = {
  algae: (brush, radius) => {
    brush.fillStyle = "#5fbf6a";
    for (const turn of [0, 1, 2]) {
      const angle = (turn / 3) * FULL_TURN;
      dot(brush, 0.5 * radius * Math.cos(angle), 0.5 * radius * Math.sin(angle), radius * 0.62);
    }
  },
  protein: (brush, radius) => {
    brush.fillStyle = "#f0a36a";
    oval(brush, 0, 0, radius * 1.15, radius * 0.75, 0.5);
  },
  vitamin: (brush, radius) => {
    brush.fillStyle = "#ffe27a";
    star(brush, radius, 4, 0.7);
  },
  energy: (brush, radius) => {
    brush.fillStyle = "#7ad7ff";
    dot(brush, 0, 0, radius * 0.85);
    brush.fillStyle = "rgb(255 255 255 / 75%)";
    dot(brush, -radius * 0.25, -radius * 0.3, radius * 0.28);
  },
  rare: (brush, radius) => {
    glow(brush, 0, 0, radius * 3, "288 90% 72%", 0.5);
    brush.fillStyle = "#eab0ff";
    star(brush, radius * 1.25, 5, 0.48);
  },
  live: (brush, radius, nowMs) => {
    const wave = Math.sin(nowMs / 90) * radius * 0.5;
    brush.strokeStyle = "#ffe9ef";
    brush.lineWidth = radius * 0.55;
    brush.lineCap = "round";
    brush.beginPath();
    brush.moveTo(-radius * 1.1, wave);
    brush.quadraticCurveTo(0, -wave * 1.4, radius * 1.1, wave);
    brush.stroke();
  },
  nectar: (brush, radius, nowMs) => {
    // Nectar is drawn with the flower of its plant.
    glow(brush, 0, 0, radius * 4.5, "46 100% 68%", 0.55 + 0.1 * Math.sin(nowMs / 900));
  },
};

export function paintFood(brush: Brush, { x, y, kind, size }: Food, nowMs: number): void {
  const draw = DRAWINGS[kind];
  if (draw === undefined) return;
  brush.save();
  brush.translate(x, y);
  draw(brush, RADIUS * (0.45 + 0.55 * size), nowMs + 37 * x);
  brush.restore();
}

/** A star whose inner corners lie at a share of its radius. */
function star(brush: Brush, radius: number, points: number, inner: number): void {
  brush.beginPath();
  for (let corner = 0; corner < 2 * points; corner++) {
    const angle = (corner / (2 * points)) * FULL_TURN - FULL_TURN / 4;
    const reach = corner % 2 === 0 ? radius : radius * inner;
    brush.lineTo(reach * Math.cos(angle), reach * Math.sin(angle));
  }
  brush.fill();
}
