import { FOOD_KINDS } from "../sim/index.ts";
import type { FishView, TankStats } from "../sim/types.ts";
import type { Frame, HostedTank } from "../tanks/tanks.ts";
import { viewTank } from "./tank-view.ts";

/**
 * The WebSocket's messages. A `hello` comes first and names the fields; then `frame`s bring fish and
 * food as arrays in that order, since the names would be most of the bytes.
 */
export const STAGES = ["baby", "juvenile", "adult", "elder"] as const;

export const FRAME_FIELDS = {
  fish: ["fish_id", "x", "y", "vx", "vy", "size", "hue", "stage", "energy", "generation", "hops"],
  food: ["x", "y", "kind"],
} as const;

export function encodeHello(hosted: HostedTank, serverId: string, frame: Frame): string {
  const { tank } = viewTank(hosted, serverId);
  const { width, height } = frame;
  return JSON.stringify({
    type: "hello",
    tank,
    width,
    height,
    fields: FRAME_FIELDS,
    /** What `stage` counts in. */
    stages: STAGES,
    /** What `kind` counts in. */
    food_kinds: FOOD_KINDS.map(({ name }) => name),
  });
}

export function encodeFrame(frame: Frame, stats: TankStats | undefined): string {
  return JSON.stringify({
    type: "frame",
    epoch: frame.epoch,
    tick: frame.tick,
    seq: frame.seq,
    durable_seq: frame.durableSeq,
    fish: frame.fish.map(encodeFish),
    food: frame.food.map(([x, y, kind]) => [round(x, 10), round(y, 10), kind]),
    ...(stats === undefined ? {} : { stats: encodeStats(stats) }),
  });
}

function encodeFish(fish: FishView): readonly (string | number)[] {
  return [
    fish.fish_id,
    round(fish.x, 10),
    round(fish.y, 10),
    round(fish.vx, 100),
    round(fish.vy, 100),
    round(fish.size, 100),
    round(fish.hue, 1000),
    STAGES.indexOf(fish.stage),
    round(fish.energy, 10),
    fish.generation,
    fish.hops,
  ];
}

function encodeStats(stats: TankStats): Readonly<Record<string, number>> {
  return {
    alive: stats.alive,
    food: stats.food,
    capacity: stats.capacity,
    max_generation: stats.maxGeneration,
    diversity: round(stats.diversity, 1000),
  };
}

/** No eye sees more digits, and each costs bandwidth. */
function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
