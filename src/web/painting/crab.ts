import type { Crab } from "../wire.ts";
import { type Brush, dot, oval } from "./brush.ts";

/** Half the width of the shell of a crab of size 1, pixels of the world. */
const SHELL = 15;

/** A crab walks sideways; one that has just eaten is a little redder. */
export function paintCrab(brush: Brush, crab: Crab, nowMs: number): void {
  const half = SHELL * crab.size;
  const step = crab.vx === 0 ? 0 : Math.sin(nowMs / 110);
  brush.save();
  brush.translate(crab.x, crab.y + half * 0.35 + Math.abs(step));
  brush.strokeStyle = "#a34c32";
  brush.lineWidth = half * 0.16;
  brush.lineCap = "round";
  for (const side of [-1, 1]) {
    for (const leg of [0, 1, 2]) limb(brush, half, side, leg, step * (leg % 2 === 0 ? 1 : -1));
    claw(brush, half, side, step);
  }
  const shell = brush.createLinearGradient(0, -half * 0.6, 0, half * 0.6);
  shell.addColorStop(0, crab.sated ? "#ff8a63" : "#ee8a58");
  shell.addColorStop(1, crab.sated ? "#b8412c" : "#ad5233");
  brush.fillStyle = shell;
  oval(brush, 0, 0, half, half * 0.62);
  for (const side of [-1, 1]) eye(brush, half, side);
  brush.restore();
}

function limb(brush: Brush, half: number, side: number, leg: number, step: number): void {
  const from = half * (0.85 - 0.22 * leg);
  const to = half * (1.45 - 0.3 * leg) + step * half * 0.12;
  brush.beginPath();
  brush.moveTo(side * from, half * 0.2);
  brush.quadraticCurveTo(side * (to + half * 0.1), half * 0.2, side * to, half * 1.05);
  brush.stroke();
}

function claw(brush: Brush, half: number, side: number, step: number): void {
  const [x, y] = [side * half * 1.35, -half * (0.55 + 0.06 * step)];
  brush.beginPath();
  brush.moveTo(side * half * 0.8, -half * 0.1);
  brush.quadraticCurveTo(side * half * 1.3, 0, x, y);
  brush.stroke();
  brush.fillStyle = "#d96a45";
  brush.beginPath();
  brush.arc(x, y - half * 0.12, half * 0.36, -0.2 * Math.PI, 1.2 * Math.PI);
  brush.fill();
}

function eye(brush: Brush, half: number, side: number): void {
  const x = side * half * 0.32;
  brush.fillStyle = "#ad5233";
  brush.fillRect(x - half * 0.05, -half * 0.85, half * 0.1, half * 0.4);
  brush.fillStyle = "#fff";
  dot(brush, x, -half * 0.88, half * 0.15);
  brush.fillStyle = "#1a0d08";
  dot(brush, x, -half * 0.88, half * 0.07);
}
