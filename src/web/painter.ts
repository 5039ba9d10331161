import type { Fish, Food } from "./motion.ts";

const FOOD_COLOURS: Readonly<Record<string, string>> = {
  algae: "#7ed67a",
  protein: "#f0a36a",
  vitamin: "#ffe27a",
  energy: "#7ad7ff",
  rare: "#e58cff",
  live: "#ffffff",
};
const FOOD_COLOUR_OTHER = "#d9d2b0";
/** Half the length of a fish of size 1, in pixels of the world: half its 50-pixel box, less the tail. */
const BODY_HALF = 17;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Draws a tank on a canvas of any size. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** Water does not change: it is painted once for each size. */
  readonly #water = document.createElement("canvas");
  /** Somebody who asked for less motion gets no beating tails. */
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser has no 2D canvas");
    this.#canvas = canvas;
    this.#context = context;
  }

  paint(
    world: Size,
    scene: { readonly fish: readonly Fish[]; readonly food: readonly Food[] },
    nowMs: number,
  ): void {
    const scale = this.#fit(world);
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#water, 0, 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    for (const food of scene.food) this.#food(food, nowMs);
    for (const fish of scene.fish) this.#fish(fish, nowMs);
  }

  /** Keeps the canvas as sharp as the screen. Returns screen pixels per pixel of the world. */
  #fit({ width, height }: Size): number {
    const canvas = this.#canvas;
    const ratio = `${width} / ${height}`;
    if (canvas.style.aspectRatio !== ratio) canvas.style.aspectRatio = ratio;
    const pixels = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== pixels || this.#water.width !== pixels) {
      canvas.width = pixels;
      canvas.height = Math.round((pixels * height) / width);
      this.#paintWater();
    }
    return pixels / width;
  }

  #paintWater(): void {
    const { width, height } = this.#canvas;
    this.#water.width = width;
    this.#water.height = height;
    const context = this.#water.getContext("2d");
    if (context === null) return;
    const depth = context.createLinearGradient(0, 0, 0, height);
    depth.addColorStop(0, "#14587a");
    depth.addColorStop(0.45, "#0c3a55");
    depth.addColorStop(1, "#072232");
    context.fillStyle = depth;
    context.fillRect(0, 0, width, height);
    for (let ray = 0; ray < 6; ray++) {
      const left = width * (0.04 + 0.17 * ray);
      const light = context.createLinearGradient(0, 0, 0, height * 0.8);
      light.addColorStop(0, "rgb(180 230 255 / 10%)");
      light.addColorStop(1, "rgb(180 230 255 / 0%)");
      context.fillStyle = light;
      context.beginPath();
      context.moveTo(left, 0);
      context.lineTo(left + width * 0.05, 0);
      context.lineTo(left + width * (0.16 + 0.02 * (ray % 3)), height);
      context.lineTo(left + width * 0.04, height);
      context.fill();
    }
    const sand = context.createLinearGradient(0, height * 0.94, 0, height);
    sand.addColorStop(0, "rgb(96 92 70 / 0%)");
    sand.addColorStop(1, "rgb(128 118 84 / 55%)");
    context.fillStyle = sand;
    context.fillRect(0, height * 0.94, width, height);
  }

  #food({ x, y, kind }: Food, nowMs: number): void {
    const context = this.#context;
    const wobble = kind === "live" && !this.#still.matches ? Math.sin(nowMs / 90 + x) : 0;
    context.fillStyle = FOOD_COLOURS[kind] ?? FOOD_COLOUR_OTHER;
    context.beginPath();
    context.ellipse(x, y, 3.4 + wobble, 3.4 - wobble, 0, 0, 2 * Math.PI);
    context.fill();
  }

  #fish(fish: Fish, nowMs: number): void {
    const context = this.#context;
    const length = BODY_HALF * fish.size;
    const height = length * 0.56;
    const left = fish.vx < 0;
    const speed = Math.sqrt(fish.vx ** 2 + fish.vy ** 2);
    const beat = this.#still.matches
      ? 0
      : Math.sin(nowMs / (150 - 18 * Math.min(speed, 5)) + fish.hue * 40);
    const hue = Math.round(fish.hue * 360);
    context.save();
    context.translate(fish.x, fish.y);
    context.rotate(Math.atan2(fish.vy, Math.abs(fish.vx) + 0.4) * (left ? -1 : 1));
    context.scale(left ? -1 : 1, 1);
    context.globalAlpha = fish.stage === "elder" ? 0.75 : 1;
    context.fillStyle = `hsl(${hue} 62% 40%)`;
    tail(context, length, height, beat);
    fin(context, length, height);
    const skin = context.createLinearGradient(0, -height, 0, height);
    skin.addColorStop(0, `hsl(${hue} 72% 66%)`);
    skin.addColorStop(1, `hsl(${hue} 66% 42%)`);
    context.fillStyle = skin;
    context.beginPath();
    context.ellipse(0, 0, length, height, 0, 0, 2 * Math.PI);
    context.fill();
    eye(context, length, height);
    context.restore();
  }
}

type Brush = CanvasRenderingContext2D;

function tail(context: Brush, length: number, height: number, beat: number): void {
  const sway = height * 0.35 * beat;
  context.beginPath();
  context.moveTo(-length * 0.75, 0);
  context.quadraticCurveTo(-length * 1.2, sway, -length * 1.65, -height * 0.9 + sway);
  context.quadraticCurveTo(-length * 1.4, sway, -length * 1.65, height * 0.9 + sway);
  context.quadraticCurveTo(-length * 1.2, sway, -length * 0.75, 0);
  context.fill();
}

function fin(context: Brush, length: number, height: number): void {
  context.beginPath();
  context.moveTo(-length * 0.45, -height * 0.7);
  context.quadraticCurveTo(-length * 0.1, -height * 1.8, length * 0.3, -height * 0.75);
  context.fill();
}

function eye(context: Brush, length: number, height: number): void {
  const radius = Math.max(1.6, height * 0.24);
  context.fillStyle = "#f4fbff";
  context.beginPath();
  context.arc(length * 0.55, -height * 0.2, radius, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#06141f";
  context.beginPath();
  context.arc(length * 0.62, -height * 0.2, radius * 0.55, 0, 2 * Math.PI);
  context.fill();
}
