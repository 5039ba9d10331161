/** Frames as they come over the WebSocket, and what lies between two of them. */

export interface Hello {
  readonly type: "hello";
  readonly tank: { readonly tank_id: string; readonly name: string };
  readonly width: number;
  readonly height: number;
  readonly fields: { readonly fish: readonly string[]; readonly food: readonly string[] };
  readonly stages: readonly string[];
  readonly food_kinds: readonly string[];
}

export interface WireFrame {
  readonly type: "frame";
  readonly tick: number;
  readonly fish: readonly (readonly (string | number)[])[];
  readonly food: readonly (readonly number[])[];
  readonly stats?: Readonly<Record<string, number>>;
}

export interface Fish {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly size: number;
  readonly hue: number;
  readonly stage: string;
}

export interface Food {
  readonly x: number;
  readonly y: number;
  readonly kind: string;
}

export interface Scene {
  /** When it was received, in the page's own time. */
  readonly atMs: number;
  readonly fish: ReadonlyMap<string, Fish>;
  readonly food: readonly Food[];
}

/** Reads a frame by the fields that the hello has named. */
export function readScene(hello: Hello, frame: WireFrame, atMs: number): Scene {
  const at = (name: string) => hello.fields.fish.indexOf(name);
  const [id, x, y, vx, vy] = [at("fish_id"), at("x"), at("y"), at("vx"), at("vy")];
  const [size, hue, stage] = [at("size"), at("hue"), at("stage")];
  const fish = new Map<string, Fish>();
  for (const row of frame.fish) {
    const number = (field: number) => Number(row[field] ?? 0);
    fish.set(String(row[id]), {
      id: String(row[id]),
      x: number(x),
      y: number(y),
      vx: number(vx),
      vy: number(vy),
      size: number(size),
      hue: number(hue),
      stage: hello.stages[number(stage)] ?? "",
    });
  }
  const foodAt = (name: string) => hello.fields.food.indexOf(name);
  const [foodX, foodY, kind] = [foodAt("x"), foodAt("y"), foodAt("kind")];
  const food = frame.food.map((row) => ({
    x: row[foodX] ?? 0,
    y: row[foodY] ?? 0,
    kind: hello.food_kinds[row[kind] ?? -1] ?? "",
  }));
  return { atMs, fish, food };
}

/**
 * The last frames, shown a little late: then there nearly always is a next one to swim towards, and
 * jitter of the network is not seen.
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
  at(nowMs: number): { fish: readonly Fish[]; food: readonly Food[] } | undefined {
    const shownMs = nowMs - this.#delayMs;
    while (this.#scenes.length > 2 && (this.#scenes[1]?.atMs ?? shownMs) <= shownMs) {
      this.#scenes.shift();
    }
    const [from, to] = this.#scenes;
    if (from === undefined) return undefined;
    if (to === undefined) return { fish: [...from.fish.values()], food: from.food };
    const share = Math.min(1, Math.max(0, (shownMs - from.atMs) / (to.atMs - from.atMs || 1)));
    return { fish: between(from, to, share), food: share < 1 ? from.food : to.food };
  }
}

/** Fish on their way from one scene to the next; born ones appear, dead ones go with the next. */
function between(from: Scene, to: Scene, share: number): readonly Fish[] {
  const mix = (a: number, b: number) => a + (b - a) * share;
  return [...to.fish.values()].map((next) => {
    const last = from.fish.get(next.id);
    if (last === undefined) return next;
    const [x, y] = [mix(last.x, next.x), mix(last.y, next.y)];
    const [vx, vy] = [mix(last.vx, next.vx), mix(last.vy, next.vy)];
    return { ...next, x, y, vx, vy, size: mix(last.size, next.size) };
  });
}
