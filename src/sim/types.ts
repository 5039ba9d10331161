/**
 * The words in which the rest of the program speaks to a world: commands in, outcomes and views
 * out. All lengths are pixels of the reference tank, all durations ticks, all energies the model's
 * unit.
 */

import type { Origin } from "./model.ts";

/**
 * Identifies a fish in every cluster for all time: 16 hex digits of the birth tank's key, `-`, a
 * counter.
 */
export type FishId = string;

/** Identifies a plant; of the same form and from the same counter as a fish id. */
export type PlantId = string;

/** Identifies an entity: a fish or a plant. */
export type EntityId = FishId | PlantId;

/** The wall through which an entity leaves or enters. */
export type Side = "left" | "right";

export type EntityType = "fish";

export type DeathCause = "starvation" | "predation" | "old_age";

/** What a tank is made from; the same spec gives the same tank, bit by bit, on every machine. */
export interface TankSpec {
  /** Any 53-bit non-negative integer. */
  readonly seed: number;
  /** Founders. Above 100 the tank's area, food and cap scale with it. */
  readonly fish: number;
  /** 64 bits in hex, unique for (node, tank, incarnation): the prefix of every id born here. */
  readonly tankKey: string;
}

/** An input from outside. Each is logged with the tick before which it was applied. */
export type Command =
  | { readonly kind: "export"; readonly entityId: EntityId; readonly side: Side }
  /**
   * `replaces`: in a full tank a fish takes the place of the grown one with the least energy, if it
   * has more itself. That one is removed. `copy`: the fish of the record lives elsewhere; one like
   * it is born here, with an id of this tank.
   */
  | {
      readonly kind: "import";
      readonly record: Uint8Array;
      readonly side: Side;
      readonly replaces?: true | undefined;
      readonly copy?: true | undefined;
    }
  | { readonly kind: "restore"; readonly record: Uint8Array }
  | { readonly kind: "feed"; readonly portions: number }
  | { readonly kind: "spawn"; readonly fish: number }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "set_tick_rate"; readonly ticksPerSecond: number }
  /**
   * 1 to FAST_FORWARD_TICKS_MAX ticks as fast as they go, then as before; see
   * tanks/thread/controls.ts.
   */
  | { readonly kind: "fast_forward"; readonly ticks: number };

export type Rejection =
  | "no_such_fish"
  | "tank_full"
  | "duplicate_fish"
  | "bad_record"
  | "unsupported_version"
  /** A number in the command is not one this tank can act on. */
  | "bad_command";

/** What a command did. A rejected one has changed nothing and leaves no trace in the log. */
export type Outcome =
  | {
      readonly kind: "done";
      /** The wire record of an exported entity. */
      readonly record?: Uint8Array;
      /** The entity that was exported, imported or restored. */
      readonly entityId?: EntityId;
    }
  | { readonly kind: "rejected"; readonly reason: Rejection; readonly detail: string };

/**
 * Every fish that ever was in a tank, accounted for:
 * alive = founded + born + spawned + imported + restored − died − exported − removed.
 */
export interface Ledger {
  readonly founded: number;
  readonly born: number;
  readonly spawned: number;
  readonly imported: number;
  readonly restored: number;
  readonly died: Readonly<Record<DeathCause, number>>;
  readonly exported: number;
  readonly removed: number;
}

/** Who is alive in a tank, and its ledger, at one moment. */
export interface Census {
  readonly tick: number;
  readonly alive: number;
  readonly ledger: Ledger;
  /** In the order of ids. */
  readonly fish_ids: readonly FishId[];
  /** How often each of them has moved to another tank. */
  readonly hops: readonly number[];
}

/** One living fish as a person sees it. */
export interface FishView {
  readonly fish_id: FishId;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly energy: number;
  readonly age: number;
  readonly stage: "baby" | "juvenile" | "adult" | "elder";
  readonly generation: number;
  readonly hops: number;
  readonly parent_ids: readonly FishId[];
  readonly size: number;
  /** Colour on the wheel, [0, 1). */
  readonly hue: number;
}

/** Everything about one living fish. */
export interface FishProfile extends FishView {
  /** How it came into the world. */
  readonly origin: Origin;
  /** Tick of the tank that it was born in. */
  readonly born_tick: number;
  /** Energy set aside for children. */
  readonly bank: number;
  readonly offspring: number;
  /** Its way in each layer of behaviour. */
  readonly behaviour: {
    readonly threat: string;
    readonly food: string;
    readonly social: string;
    readonly poker: string;
  };
  readonly poker: {
    readonly games: number;
    readonly wins: number;
    /** Won less lost. */
    readonly net_energy: number;
  };
  /** Places that it remembers. */
  readonly memories: number;
}

/** Births by kind; their sum is the ledger's `born`. */
export interface Births {
  readonly sexual: number;
  readonly asexual: number;
  /** Paid from the bank. */
  readonly banked: number;
  /** After a game that was won. */
  readonly poker: number;
}

/** The numbers of a tank at one tick. */
export interface TankStats {
  readonly tick: number;
  readonly alive: number;
  readonly food: number;
  readonly capacity: number;
  readonly maxGeneration: number;
  readonly energy: number;
  /** Poker games so far: among fish only, and with plants. */
  readonly games: { readonly fish: number; readonly plants: number };
  /** Mean over behaviour and colour of how different the fish are, [0, 1]. */
  readonly diversity: number;
  readonly ledger: Ledger;
  readonly births: Births;
  /** Living plants, and every plant that ever was there. */
  readonly plants: number;
  readonly plantLedger: PlantLedger;
}

/** The light in a tank as a person sees it. */
export interface Daylight {
  /** Share of the day that has passed: 0 is midnight, 0.25 sunrise, 0.5 noon. */
  readonly time: number;
  readonly phase: "night" | "dawn" | "day" | "dusk";
  /** 0.4 by night to 1 at noon. */
  readonly brightness: number;
}

/**
 * Every plant that ever was in a tank, accounted for:
 * alive = founded + sprouted + spawned + imported + restored − withered − exported.
 */
export interface PlantLedger {
  readonly founded: number;
  readonly sprouted: number;
  readonly spawned: number;
  readonly imported: number;
  readonly restored: number;
  readonly withered: number;
  readonly exported: number;
}

/** One plant as a person sees it. What it looks like: plantLooksOf, once per plant. */
export interface PlantView {
  readonly plant_id: PlantId;
  /** Its foot. */
  readonly x: number;
  readonly y: number;
  readonly energy: number;
  /** 0.3 to 1 of the full 60×65 px. */
  readonly size: number;
  /** Rewrites of its L-system at this size. */
  readonly iterations: number;
  readonly nectar_ready: boolean;
  readonly age: number;
  readonly generation: number;
  readonly hops: number;
  readonly strategy: number;
}

/** How to draw a plant; it never changes. Lengths are shares of the plant's height, y upwards. */
export interface PlantLooks {
  readonly plant_id: PlantId;
  /** For each number of rewrites, from 1: x1, y1, x2, y2 and depth of every stem. */
  readonly stems: readonly (readonly PlantStem[])[];
  /** Colours on the wheel, [0, 1). */
  readonly hue: number;
  readonly floral_hue: number;
  readonly floral_type: string;
  readonly petals: number;
  readonly layers: number;
  /** Turns of the flower from one layer to the next. */
  readonly spin: number;
}

export type PlantStem = readonly [x1: number, y1: number, x2: number, y2: number, depth: number];

export interface CrabView {
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly size: number;
  readonly energy: number;
  /** Whether it has just killed. */
  readonly sated: boolean;
}

export interface FeederView {
  readonly x: number;
  readonly y: number;
  readonly kind: "algae_reef" | "protein_grotto";
  /** Share of its store that is filled. */
  readonly filled: number;
  readonly offering: boolean;
}

/** A poker game of a moment ago. */
export interface GameView {
  /** Ticks since it was played. */
  readonly ago: number;
  readonly fishIds: readonly FishId[];
  readonly plantIds: readonly PlantId[];
}

/** x, y, index into FOOD_KINDS, and how large it still is, 0.2 to 1. */
export type FoodView = readonly [x: number, y: number, kind: number, size: number];

/** Everything that can be seen of a tank at one tick, but the looks of plants. */
export interface Scene {
  readonly tick: number;
  readonly width: number;
  readonly height: number;
  readonly daylight: Daylight;
  readonly fish: readonly FishView[];
  readonly food: readonly FoodView[];
  readonly crabs: readonly CrabView[];
  readonly plants: readonly PlantView[];
  readonly feeders: readonly FeederView[];
  readonly games: readonly GameView[];
}

/** Which fish are to leave a tank, and how many. */
export interface MigrantOrder {
  /** A selection policy, see `isSelection`. */
  readonly selection: string;
  /**
   * The wall by which they leave: of `random` fish those at it go first, of `boundary` only those
   * are chosen. By `both` each leaves by the nearer one.
   */
  readonly direction: Side | "both";
  /** A real in [0, 1) for each fish that is wanted: the world's own dice stay untouched. */
  readonly draws: readonly number[];
  /** They stay, and their records are wanted. */
  readonly copies?: boolean | undefined;
}

/** A fish that leaves, with its wall. */
export interface Migrant {
  readonly fishId: FishId;
  readonly side: Side;
  /** The wire record of one that is to be copied. */
  readonly record?: Uint8Array;
}

/** A plant at the edge of the tank, which may leave through the wall beside it. */
export interface PlantMigrant {
  readonly plantId: PlantId;
  readonly side: Side;
}
