import type { Problem } from "../platform/errors.ts";
import type {
  Command,
  FishId,
  FishProfile,
  FishView,
  Outcome,
  Scene,
  TankStats,
} from "../sim/types.ts";
import type { JournalWrite } from "../store/journal.ts";
import type { TankRow, TankStatus } from "../store/rows.ts";
import type { Looks } from "./thread/plant-album.ts";
import type { CapturedState } from "./thread/simulation.ts";

export interface NewTank {
  readonly name: string;
  readonly description: string;
  /** Drawn at random when left out. */
  readonly seed?: number;
  readonly fish: number;
}

/** The state of a tank under a new key, from which a tank of its own goes on. */
export interface ForkedWorld {
  readonly name: string;
  readonly description: string;
  /** Of the tank that was forked. */
  readonly seed: number;
  readonly fish: number;
  /** At entry 1 of the new tank's log: see forkedTank. */
  readonly state: CapturedState;
}

/** A hosted tank at the moment of the last report of its simulation (a few times a second). */
export interface HostedTank {
  readonly row: TankRow;
  readonly status: TankStatus;
  /** Why it is stopped, where it is. */
  readonly reason?: string;
  readonly stats: TankStats;
  /**
   * Last command applied, and the last one that is durable: observation may run ahead of the
   * promise.
   */
  readonly seq: number;
  readonly durableSeq: number;
  /** Ticks per second that are asked for; 0 = as fast as it goes. */
  readonly tickRate: number;
  /** The tick up to which it goes as fast as it can, where it does. */
  readonly fastForwardTo: number | undefined;
  /** Ticks per second over the last seconds. */
  readonly achievedRate: number;
  /** Ticks behind schedule now. */
  readonly tickLag: number;
  /**
   * Ticks of its schedule that were never run, since its simulation loaded it: a tank that falls
   * behind by more than a second goes on from there instead of catching up.
   */
  readonly skippedTicks: number;
}

/** What viewers get, about 15 times a second while somebody watches. */
export interface Frame extends Scene {
  readonly tankId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly durableSeq: number;
  /**
   * Of the plants that were shown so far: those of a tank come with its first frames, a few in
   * each.
   */
  readonly looks: Looks;
}

/**
 * A command's outcome with its place in history. For a rejected one seq and tick are where it was
 * tried.
 */
export interface Stamped {
  readonly outcome: Outcome;
  readonly seq: number;
  readonly tick: number;
  readonly epoch: number;
}

/**
 * Further writes for the very transaction that logs the command. Called once, before the commit.
 */
export type Alongside = (stamped: Stamped) => readonly JournalWrite[];

/**
 * The tanks that this node hosts. Each method that changes one resolves only when the change is
 * durable (output commit) and rejects with Problem: `unknown_tank`, `too_many`,
 * `storage_unavailable`.
 */
export interface Tanks {
  create(spec: NewTank): Promise<HostedTank>;
  /**
   * Makes a tank from the state of another. `fork` is given the key that is drawn for it, and gives
   * the state under that key; what it rejects with is passed on.
   */
  adopt(fork: (tankKey: string) => Promise<ForkedWorld>): Promise<HostedTank>;
  remove(tankId: string): Promise<void>;
  list(): readonly HostedTank[];
  get(tankId: string): HostedTank | undefined;
  submit(tankId: string, command: Command, alongside?: Alongside): Promise<Stamped>;
  fish(tankId: string): Promise<readonly FishView[]>;
  /** Undefined when no such fish lives there. */
  fishProfile(tankId: string, fishId: FishId): Promise<FishProfile | undefined>;
  /** A fish to migrate, drawn from outside the world; undefined when nobody is fit to travel. */
  pickMigrant(tankId: string): Promise<FishId | undefined>;
  /** Frames until the returned function is called. */
  watch(tankId: string, listener: (frame: Frame) => void): () => void;
  /**
   * Everything stands still from now on, until this node is started anew: no tank ticks or writes,
   * changes are refused with `reason`, and each tank is shown as stopped by it. Frames and reads
   * still answer. The first reason stays.
   */
  fence(reason: Problem): void;
  /** Why everything stands still, once it does. */
  readonly fenceReason: Problem | undefined;
  /** Set while the storage takes no writes. */
  readonly storageFault: string | undefined;
}
