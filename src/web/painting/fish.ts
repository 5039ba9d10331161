import type { Fish } from "../wire.ts";
import { type Brush, colour, dot, FULL_TURN, oval } from "./brush.ts";

/**
 * Half the length of a fish of size 1, in pixels of the world: half its 50-pixel box, less the
 * tail.
 */
const BODY_HALF = 17;

/** `nowMs` beats the tail; a still fish is drawn with 0. */
export function paintFish(brush: Brush, fish: Fish, nowMs: number): void {
  const length = BODY_HALF * fish.size;
  const height = length * 0.56;
  const left = fish.vx < 0;
  const speed = Math.sqrt(fish.vx ** 2 + fish.vy ** 2);
  const beat = Math.sin(nowMs / (150 - 18 * Math.min(speed, 5)) + fish.hue * 40);
  brush.save();
  brush.translate(fish.x, fish.y);
  brush.rotate(Math.atan2(fish.vy, Math.abs(fish.vx) + 0.4) * (left ? -1 : 1));
  brush.scale(left ? -1 : 1, 1);
  brush.globalAlpha = fish.stage === "elder" ? 0.75 : 1;
  // Blue looks darker than the other hues, and the water is blue.
  const lift = 11 * Math.max(0, Math.cos(FULL_TURN * (fish.hue - 0.68)));
  brush.fillStyle = colour(fish.hue, 62, 40 + lift);
  tail(brush, length, height, beat);
  fin(brush, length, height);
  const skin = brush.createLinearGradient(0, -height, 0, height);
  skin.addColorStop(0, colour(fish.hue, 72, 66 + lift));
  skin.addColorStop(1, colour(fish.hue, 66, 42 + lift));
  brush.fillStyle = skin;
  oval(brush, 0, 0, length, height);
  eye(brush, length, height);
  brush.restore();
}

function tail(brush: Brush, length: number, height: number, beat: number): void {
  const sway = height * 0.35 * beat;
  brush.beginPath();
  brush.moveTo(-length * 0.75, 0);
  brush.quadraticCurveTo(-length * 1.2, sway, -length * 1.65, -height * 0.9 + sway);
  brush.quadraticCurveTo(-length * 1.4, sway, -length * 1.65, height * 0.9 + sway);
  brush.quadraticCurveTo(-length * 1.2, sway, -length * 0.75, 0);
  brush.fill();
}

function fin(brush: Brush, length: number, height: number): void {
  brush.beginPath();
  brush.moveTo(-length * 0.45, -height * 0.7);
  brush.quadraticCurveTo(-length * 0.1, -height * 1.8, length * 0.3, -height * 0.75);
  brush.fill();
}

function eye(brush: Brush, length: number, height: number): void {
  const radius = Math.max(1.6, height * 0.24);
  brush.fillStyle = "#f4fbff";
  dot(brush, length * 0.55, -height * 0.2, radius);
  brush.fillStyle = "#06141f";
  dot(brush, length * 0.62, -height * 0.2, radius * 0.55);
}
