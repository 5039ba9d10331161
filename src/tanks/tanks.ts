import type { Problem } from "../platform/errors.ts";
import type {
  Census,
  Command,
  FishId,
  FishProfile,
  FishView,
  Migrant,
  MigrantOrder,
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
  /** Random by default. */
  readonly seed?: number;
  readonly fish: number;
}

/** The state of a tank under a new key, from which an independent tank continues. */
export interface ForkedWorld {
  /** A number is appended if a tank here has that name already. */
  readonly name: string;
  readonly description: string;
  /** Of the tank that was forked. */
  readonly seed: number;
  readonly fish: number;
  /** At entry 1 of the new tank's log; see `forkedTank`. */
  readonly state: CapturedState;
}

/** A hosted tank as of the last report of its simulation (a few times a second). */
export interface HostedTank {
  readonly row: TankRow;
  readonly status: TankStatus;
  /** Present while it is stopped. */
  readonly reason?: string;
  readonly stats: TankStats;
  /**
   * The last applied command, and the last durable one: observation may run ahead of durability.
   */
  readonly seq: number;
  readonly durableSeq: number;
  /** Requested ticks per second; 0 = as fast as possible. */
  readonly tickRate: number;
  /** The end of a fast-forward in progress. */
  readonly fastForwardTo: number | undefined;
  /** Ticks per second over the last seconds. */
  readonly achievedRate: number;
  /** Ticks behind schedule now. */
  readonly tickLag: number;
  /**
   * Scheduled ticks that were never run, since the tank was first loaded: a tank that falls behind
   * by more than a second skips ticks instead of catching up.
   */
  readonly skippedTicks: number;
  /**
   * The first tick of its past that can still be looked at; undefined before it is known.
   */
  readonly pastFromTick?: number | undefined;
}

/** Fish that are to leave a tank, or to be copied. */
export interface MigrantsWanted extends Pick<MigrantOrder, "selection" | "direction" | "copies"> {
  readonly count: number;
}

/** What viewers receive, about 15 times a second while the tank is watched. */
export interface Frame extends Scene {
  readonly tankId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly durableSeq: number;
  /** Of the plants that were shown so far: a few new ones with each frame. */
  readonly looks: Looks;
}

/**
 * A command's outcome with its place in the log. For a rejected one, seq and tick tell the state
 * that rejected it.
 */
export interface Stamped {
  readonly outcome: Outcome;
  readonly seq: number;
  readonly tick: number;
  readonly epoch: number;
}

/** Who is alive in a tank, when all commands up to `seq` that have led there are durable. */
export interface CommittedCensus extends Census {
  readonly epoch: number;
  readonly seq: number;
}

/** Further writes for the transaction that logs the command. Called once, before the commit. */
export type Alongside = (stamped: Stamped) => readonly JournalWrite[];

/**
 * The tanks that this node hosts. Each method that changes one resolves only when the change is
 * durable (output commit) and rejects with Problem: `unknown_tank`, `too_many`,
 * `storage_unavailable`. Two tanks of one node never have the same name.
 */
export interface Tanks {
  /** Rejects with Problem `name_taken` where a tank of this name is here. */
  create(spec: NewTank): Promise<HostedTank>;
  /**
   * Creates a tank from the state of another. `fork` receives the key of the new tank and returns
   * the state under that key; its rejection is passed on.
   */
  adopt(fork: (tankKey: string) => Promise<ForkedWorld>): Promise<HostedTank>;
  remove(tankId: string): Promise<void>;
  list(): readonly HostedTank[];
  get(tankId: string): HostedTank | undefined;
  submit(tankId: string, command: Command, alongside?: Alongside): Promise<Stamped>;
  fish(tankId: string): Promise<readonly FishView[]>;
  census(tankId: string): Promise<CommittedCensus>;
  /** Undefined when no such fish lives there. */
  fishProfile(tankId: string, fishId: FishId): Promise<FishProfile | undefined>;
  /**
   * The fish that are to leave the tank, fewer than wanted where fewer are fit to. Does not touch
   * the world's RNG. Everything that copies show is durable.
   */
  pickMigrants(tankId: string, wanted: MigrantsWanted): Promise<readonly Migrant[]>;
  /** Delivers frames until the returned function is called. */
  watch(tankId: string, listener: (frame: Frame) => void): () => void;
  /**
   * Freezes all tanks until the next start of the node: no tank ticks or writes, changes are
   * refused with `reason`, and each tank is shown as stopped by it. Frames and reads are still
   * served. The first reason stays.
   */
  fence(reason: Problem): void;
  /** Why the node is fenced; undefined while it is not. */
  readonly fenceReason: Problem | undefined;
  /** Set while the storage takes no writes. */
  readonly storageFault: string | undefined;
}
