import type {
  Command,
  FishId,
  FishProfile,
  FishView,
  Outcome,
  PlantLooks,
  Scene,
  TankSpec,
  TankStats,
} from "../../sim/types.ts";
import type { Controls } from "./controls.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Work } from "./work-meter.ts";

/**
 * The port to a simulation thread. Every message is plain data that the structured clone takes, so
 * that the same loop runs in a Worker, in-process in a simulator, or in another process.
 *
 * `load` numbers the incarnations of the node's tanks in its simulations: after a tank was taken
 * back to its durable state, whatever an earlier incarnation still says is about a past that did
 * not happen.
 */
export interface SimulationThread {
  post(message: ToSimulation): void;
  /** Sets the one receiver; messages of a thread arrive in the order in which it sent them. */
  onMessage(handler: (message: FromSimulation) => void): void;
  /** Can be read also when the thread hangs, and after its end. */
  readonly heartbeat: Heartbeat;
  /** Resolves when the thread is gone. */
  stop(): Promise<void>;
}

/** Which incarnation of which tank. */
export interface TankLoad {
  readonly tank: string;
  readonly load: number;
}

/** A row of the log as a replay needs it; no command for a mark. */
export interface TailEntry {
  readonly seq: number;
  readonly tick: number;
  readonly command: Command | undefined;
  /** Digest of the state after this entry, where one was taken. */
  readonly digest: string | null;
}

/** A state at (seq, tick). */
export interface CapturedState {
  readonly seq: number;
  readonly tick: number;
  readonly controls: Controls;
  /** Of the world. */
  readonly digest: string;
  /** See `packState`. */
  readonly packed: Uint8Array;
}

/** Builds a tank: from the snapshot, or from the spec where there is none, then the tail on top. */
export interface LoadTank extends TankLoad {
  readonly kind: "load";
  readonly spec: TankSpec;
  readonly snapshot: CapturedState | undefined;
  readonly tail: readonly TailEntry[];
  /** Of a tank that is built from its spec, until commands say otherwise. */
  readonly controls: Controls;
  /** Stands still until `unfreeze`; commands and questions are refused by the service meanwhile. */
  readonly frozen: boolean;
  readonly watched: boolean;
  readonly uncovered: Uncovered;
  /** Of earlier incarnations, to count on from. */
  readonly skippedTicks: number;
}

/** What has happened to a tank since its newest snapshot on the disk. */
export interface Uncovered {
  readonly ticks: number;
  readonly entries: number;
}

export type ToSimulation =
  | LoadTank
  | ({ readonly kind: "freeze" } & TankLoad)
  | ({ readonly kind: "unfreeze" } & TankLoad)
  | ({ readonly kind: "unload" } & TankLoad)
  | ({ readonly kind: "watch"; readonly watched: boolean } & TankLoad)
  | ({ readonly kind: "command"; readonly request: number; readonly command: Command } & TankLoad)
  | ({ readonly kind: "ask"; readonly request: number; readonly about: Question } & TankLoad)
  | ({ readonly kind: "ask_fish"; readonly request: number; readonly fishId: FishId } & TankLoad)
  /** Asks for the last state: stops the tank's clock for good. */
  | ({ readonly kind: "capture"; readonly request: number } & TankLoad);

export type Question = "fish" | "migrants";

/** What a tank reports of itself a few times a second, and with every command. */
export interface TankReport {
  /** CPU that the tank asks for, in cores; one for a tank that takes what it gets. */
  readonly demand: number;
  readonly stats: TankStats;
  readonly seq: number;
  readonly controls: Controls;
  readonly achievedRate: number;
  readonly tickLag: number;
  readonly skippedTicks: number;
}

export interface LoadedTank extends TankLoad {
  readonly kind: "loaded";
  readonly report: TankReport;
  readonly digest: string;
  readonly replayedCommands: number;
  readonly replayedTicks: number;
}

export type FromSimulation =
  | LoadedTank
  /**
   * `snapshot`: its bytes are no state, or not that state. `replay`: the log does not lead where it
   * says.
   */
  | ({
      readonly kind: "load_failed";
      readonly stage: "snapshot" | "replay";
      readonly message: string;
    } & TankLoad)
  | ({
      readonly kind: "applied";
      readonly request: number;
      readonly outcome: Outcome;
      readonly seq: number;
      readonly tick: number;
      readonly report: TankReport;
    } & TankLoad)
  | ({
      readonly kind: "mark";
      readonly seq: number;
      readonly tick: number;
      readonly digest: string;
    } & TankLoad)
  /** A state: the one that was requested, or one by the rule of snapshots. */
  | ({ readonly kind: "captured"; readonly request: number | undefined } & CapturedState & TankLoad)
  | {
      readonly kind: "reports";
      readonly reports: readonly (TankLoad & { readonly report: TankReport })[];
      /** Of the whole thread since its last reports. */
      readonly work: Work;
    }
  | ({
      readonly kind: "frame";
      readonly seq: number;
      readonly scene: Scene;
      /** Of plants that were in no frame since the tank is watched. */
      readonly looks: readonly PlantLooks[];
    } & TankLoad)
  | ({
      readonly kind: "fish";
      readonly request: number;
      readonly fish: readonly FishView[];
    } & TankLoad)
  | ({
      readonly kind: "fish_profile";
      readonly request: number;
      readonly profile: FishProfile | undefined;
    } & TankLoad)
  | ({
      readonly kind: "migrants";
      readonly request: number;
      readonly fishIds: readonly FishId[];
    } & TankLoad)
  /** The tank met an error of its own and stands still; the thread's other tanks run on. */
  | ({ readonly kind: "tank_failed"; readonly message: string } & TankLoad)
  /** The thread is gone, and all its tanks with it. Said by its host, not by the thread. */
  | { readonly kind: "thread_failed"; readonly message: string };

/** What a simulation says of one tank. */
export type SaidOfTank<Kind extends FromSimulation["kind"] = FromSimulation["kind"]> = Extract<
  FromSimulation,
  TankLoad & { readonly kind: Kind }
>;
