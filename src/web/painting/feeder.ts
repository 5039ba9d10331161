import type { Feeder } from "../wire.ts";
import { type Brush, dot, glow } from "./brush.ts";

/** Height of a feeder's mouth above the floor, pixels of the world. */
const MOUTH_HEIGHT = 60;

/** A reef or a grotto with its mouth at x, y; the fuller it is, the brighter it shines. */
export function paintFeeder(brush: Brush, feeder: Feeder): void {
  brush.save();
  brush.translate(feeder.x, feeder.y);
  if (feeder.kind === "algae_reef") reef(brush, feeder.filled);
  else grotto(brush, feeder.filled);
  brush.restore();
}

function rock(brush: Brush, light: string, dark: string): void {
  const stone = brush.createLinearGradient(0, 0, 0, MOUTH_HEIGHT);
  stone.addColorStop(0, light);
  stone.addColorStop(1, dark);
  brush.fillStyle = stone;
}

function reef(brush: Brush, filled: number): void {
  rock(brush, "#3d6a5c", "#1c3436");
  brush.beginPath();
  brush.moveTo(-46, MOUTH_HEIGHT);
  brush.bezierCurveTo(-44, 26, -22, 22, -14, 9);
  brush.quadraticCurveTo(0, 3, 14, 10);
  brush.bezierCurveTo(20, 24, 42, 26, 46, MOUTH_HEIGHT);
  brush.fill();
  brush.strokeStyle = `hsl(135 45% ${22 + 26 * filled}%)`;
  brush.lineWidth = 2.4;
  brush.lineCap = "round";
  for (let blade = -4; blade <= 4; blade++) {
    const x = blade * 6;
    const root = 8 + 0.025 * x * x;
    brush.beginPath();
    brush.moveTo(x, root + 3);
    brush.quadraticCurveTo(x + 2, root - 6, x + blade, root - 8 - 6 * filled);
    brush.stroke();
  }
}

function grotto(brush: Brush, filled: number): void {
  rock(brush, "#6b5a55", "#332c31");
  brush.beginPath();
  brush.moveTo(-44, MOUTH_HEIGHT);
  brush.bezierCurveTo(-46, 10, -24, -16, 0, -17);
  brush.bezierCurveTo(24, -16, 46, 10, 44, MOUTH_HEIGHT);
  brush.fill();
  brush.fillStyle = "#120d12";
  brush.beginPath();
  brush.moveTo(-21, MOUTH_HEIGHT);
  brush.bezierCurveTo(-24, 16, -14, -5, 0, -6);
  brush.bezierCurveTo(14, -5, 24, 16, 21, MOUTH_HEIGHT);
  brush.fill();
  glow(brush, 0, 22, 20, "26 90% 60%", 0.15 + 0.5 * filled);
  brush.fillStyle = "rgb(255 255 255 / 8%)";
  for (const [x, y, radius] of [
    [-30, 22, 6],
    [28, 8, 5],
    [-14, -9, 3],
  ] as const) {
    dot(brush, x, y, radius);
  }
}
