import type { Shown } from "./motion.ts";
import { paintCrab } from "./painting/crab.ts";
import { paintFeeder } from "./painting/feeder.ts";
import { paintFish } from "./painting/fish.ts";
import { paintFood } from "./painting/food.ts";
import { paintGame } from "./painting/games.ts";
import { GardenPainter } from "./painting/garden.ts";
import { paintNight, paintTwilight, paintWater } from "./painting/water.ts";
import type { Looks, Plant } from "./wire.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Parts that rarely change between two frames. */
export interface Garden {
  readonly plants: readonly Plant[];
  readonly looks: ReadonlyMap<string, Looks>;
}

/** Food that glows at night. */
const SHINING = new Set(["nectar", "rare"]);

/** Shares of the night behind and in front of the fish. */
const NIGHT_BEHIND = 0.75;
const NIGHT_BEFORE = 0.35;

/** Draws a tank on a canvas of any size. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** Water is static: it is painted once for each size and number of floors. */
  readonly #water = document.createElement("canvas");
  #waterOf = "";
  readonly #garden = new GardenPainter();
  /** Respects the setting for reduced motion: tails do not beat. */
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser has no 2D canvas");
    this.#canvas = canvas;
    this.#context = context;
  }

  /** From back to front; lights are painted after the darkness. */
  paint(world: Size, shown: Shown | undefined, { plants, looks }: Garden, nowMs: number): void {
    const scale = this.#fit(world);
    const brush = this.#context;
    const beatMs = this.#still.matches ? 0 : nowMs;
    this.#layWater(world, scale, plants);
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.drawImage(this.#water, 0, 0);
    if (shown === undefined) return;
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    for (const feeder of shown.feeders) paintFeeder(brush, feeder);
    for (const crab of shown.crabs) paintCrab(brush, crab, beatMs);
    this.#garden.paint(brush, plants, looks, scale, beatMs);
    paintTwilight(brush, world.width, world.height, shown.daylight);
    paintNight(brush, world.width, world.height, shown.daylight, NIGHT_BEHIND);
    for (const food of shown.food) if (!SHINING.has(food.kind)) paintFood(brush, food, beatMs);
    for (const fish of shown.fish.values()) paintFish(brush, fish, beatMs);
    paintNight(brush, world.width, world.height, shown.daylight, NIGHT_BEFORE);
    for (const food of shown.food) if (SHINING.has(food.kind)) paintFood(brush, food, beatMs);
    for (const game of shown.games) paintGame(brush, game, shown.fish, plants);
  }

  /** Keeps the canvas as sharp as the screen. Returns screen pixels per pixel of the world. */
  #fit({ width, height }: Size): number {
    const canvas = this.#canvas;
    const ratio = `${width} / ${height}`;
    if (canvas.style.aspectRatio !== ratio) canvas.style.aspectRatio = ratio;
    const pixels = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== pixels) {
      canvas.width = pixels;
      canvas.height = Math.round((pixels * height) / width);
    }
    return pixels / width;
  }

  #layWater({ width, height }: Size, scale: number, plants: readonly Plant[]): void {
    const floors = [...new Set([...plants.map(({ y }) => y), height])].sort((a, b) => b - a);
    const wanted = [scale, width, height, ...floors].join(" ");
    if (wanted === this.#waterOf) return;
    this.#waterOf = wanted;
    this.#water.width = this.#canvas.width;
    this.#water.height = this.#canvas.height;
    const brush = this.#water.getContext("2d");
    brush?.setTransform(scale, 0, 0, scale, 0, 0);
    if (brush !== null) paintWater(brush, width, height, floors);
  }
}
