import type { Crab, Fish, Scene } from "./wire.ts";

/** The scene to draw at one moment. */
export type Shown = Omit<Scene, "atMs">;

/**
 * The last frames, shown with a short delay: then there is nearly always a next one to interpolate
 * to, and jitter of the network is invisible.
 */
export class Motion {
  readonly #delayMs: number;
  #scenes: Scene[] = [];

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  add(scene: Scene): void {
    this.#scenes.push(scene);
  }

  clear(): void {
    this.#scenes = [];
  }

  /** What to draw at `nowMs`; undefined before the first frame. */
  at(nowMs: number): Shown | undefined {
    const shownMs = nowMs - this.#delayMs;
    while (this.#scenes.length > 2 && (this.#scenes[1]?.atMs ?? shownMs) <= shownMs) {
      this.#scenes.shift();
    }
    const [from, to] = this.#scenes;
    if (from === undefined) return undefined;
    if (to === undefined) return from;
    const share = Math.min(1, Math.max(0, (shownMs - from.atMs) / (to.atMs - from.atMs || 1)));
    if (share === 1) return to;
    return { ...from, fish: swim(from, to, share), crabs: walk(from.crabs, to.crabs, share) };
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/** Interpolates fish between two scenes; new ones appear, dead ones disappear with the next. */
function swim(from: Scene, to: Scene, share: number): ReadonlyMap<string, Fish> {
  const fish = new Map<string, Fish>();
  for (const next of to.fish.values()) {
    const last = from.fish.get(next.id) ?? next;
    fish.set(next.id, {
      ...next,
      x: mix(last.x, next.x, share),
      y: mix(last.y, next.y, share),
      vx: mix(last.vx, next.vx, share),
      vy: mix(last.vy, next.vy, share),
      size: mix(last.size, next.size, share),
    });
  }
  return fish;
}

/** Crabs have no ids, but their number is constant between two frames of a tank. */
function walk(from: readonly Crab[], to: readonly Crab[], share: number): readonly Crab[] {
  return to.map((next, index) => ({ ...next, x: mix(from[index]?.x ?? next.x, next.x, share) }));
}
