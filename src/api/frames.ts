import { FEEDERS, FOOD_KINDS } from "../sim/index.ts";
import type { CrabView, FeederView, FishId, FishView, GameView, TankStats } from "../sim/types.ts";
import type { Frame, HostedTank } from "../tanks/tanks.ts";
import { PLANT_FIELDS, STEM_PARTS } from "./garden.ts";
import { round } from "./rounding.ts";
import { viewTank } from "./tank-view.ts";

/**
 * The WebSocket's messages. A `hello` comes first and names the fields. Then `frame`s contain
 * moving objects as arrays in that order, since field names would take most of the bytes. Data that
 * rarely changes is sent in between: see garden.ts.
 */
export const STAGES = ["baby", "juvenile", "adult", "elder"] as const;

export const FRAME_FIELDS = {
  fish: ["fish_id", "x", "y", "vx", "vy", "size", "hue", "stage", "energy", "generation", "hops"],
  /** `size` is 1 for an item that was not bitten yet. */
  food: ["x", "y", "kind", "size"],
  crabs: ["x", "y", "vx", "size", "sated"],
  feeders: ["x", "y", "kind", "filled", "offering"],
  /**
   * A recent poker game: its age in ticks, players as indexes of this frame's `fish`, plant ids.
   */
  games: ["ago", "fish", "plants"],
  ...PLANT_FIELDS,
} as const;

/** Describes how to read the other messages. */
export const LEGEND = {
  fields: FRAME_FIELDS,
  /** The values of `stage`, by index. */
  stages: STAGES,
  /** The values of `kind`, by index. */
  food_kinds: FOOD_KINDS.map(({ name }) => name),
  feeder_kinds: FEEDERS,
  stem_parts: STEM_PARTS,
} as const;

export function encodeHello(hosted: HostedTank, serverId: string, frame: Frame): string {
  const { tank } = viewTank(hosted, serverId);
  const { width, height } = frame;
  return JSON.stringify({ type: "hello", tank, width, height, ...LEGEND });
}

export function encodeFrame(frame: Frame, stats: TankStats | undefined): string {
  return JSON.stringify(frameMessage(frame, stats));
}

/** The moving objects of a tank at one tick. */
export function frameMessage(frame: Omit<Frame, "tankId" | "looks">, stats: TankStats | undefined) {
  const { time, phase, brightness } = frame.daylight;
  const places = new Map(frame.fish.map(({ fish_id }, place) => [fish_id, place]));
  return {
    type: "frame",
    epoch: frame.epoch,
    tick: frame.tick,
    seq: frame.seq,
    durable_seq: frame.durableSeq,
    daylight: { time: round(time, 1000), phase, brightness: round(brightness, 100) },
    fish: frame.fish.map(encodeFish),
    food: frame.food.map(([x, y, kind, size]) => [
      round(x, 10),
      round(y, 10),
      kind,
      round(size, 10),
    ]),
    crabs: frame.crabs.map(encodeCrab),
    feeders: frame.feeders.map(encodeFeeder),
    games: frame.games.map((game) => encodeGame(game, places)),
    ...(stats === undefined ? {} : { stats: encodeStats(stats) }),
  };
}

function encodeFish(fish: FishView): readonly (string | number)[] {
  return [
    fish.fish_id,
    round(fish.x, 10),
    round(fish.y, 10),
    round(fish.vx, 10),
    round(fish.vy, 10),
    round(fish.size, 100),
    round(fish.hue, 1000),
    STAGES.indexOf(fish.stage),
    Math.round(fish.energy),
    fish.generation,
    fish.hops,
  ];
}

function encodeCrab({ x, y, vx, size, sated }: CrabView): readonly number[] {
  return [round(x, 10), round(y, 10), round(vx, 10), round(size, 100), Number(sated)];
}

function encodeFeeder({ x, y, kind, filled, offering }: FeederView): readonly number[] {
  const [left, top] = [round(x, 10), round(y, 10)];
  return [left, top, FEEDERS.indexOf(kind), round(filled, 100), Number(offering)];
}

function encodeGame({ ago, fishIds, plantIds }: GameView, places: ReadonlyMap<FishId, number>) {
  return [ago, fishIds.flatMap((id) => places.get(id) ?? []), plantIds];
}

function encodeStats(stats: TankStats): Readonly<Record<string, number>> {
  const { starvation, predation, old_age } = stats.ledger.died;
  return {
    alive: stats.alive,
    food: stats.food,
    capacity: stats.capacity,
    max_generation: stats.maxGeneration,
    diversity: round(stats.diversity, 1000),
    plants: stats.plants,
    born: stats.ledger.born,
    starvation,
    predation,
    old_age,
    poker_games: stats.games.fish + stats.games.plants,
  };
}
