import type {
  Census,
  Command,
  FishId,
  FishProfile,
  FishView,
  Migrant,
  MigrantOrder,
  Outcome,
  PlantLooks,
  Scene,
  TankSpec,
  TankStats,
} from "../../sim/types.ts";
import type { Controls } from "./controls.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { LivePlace } from "./live-trailer.ts";
import type { Work } from "./work-meter.ts";

/**
 * The port to a simulation thread. Every message is plain data that the structured clone takes, so
 * that the same loop runs in a Worker, in-process in a simulator, or in another process.
 *
 * `load` numbers the incarnations of the node's tanks in its simulations. After a tank was reverted
 * to its durable state, messages of an earlier incarnation describe states that were discarded.
 */
export interface SimulationThread {
  post(message: ToSimulation): void;
  /** Sets the only receiver; messages of a thread arrive in the order in which it sent them. */
  onMessage(handler: (message: FromSimulation) => void): void;
  /** Readable even when the thread hangs, and after its end. */
  readonly heartbeat: Heartbeat;
  /** Resolves when the thread is gone. */
  stop(): Promise<void>;
}

/** Identifies an incarnation of a tank. */
export interface TankLoad {
  readonly tank: string;
  readonly load: number;
}

/** A log row as a replay needs it; a mark has no command. */
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

/**
 * Loads a tank: from its live state, or else from the snapshot, or else from the spec; then by a
 * replay of the tail.
 */
export interface LoadTank extends TankLoad {
  readonly kind: "load";
  readonly spec: TankSpec;
  readonly live: LivePlace | undefined;
  readonly snapshot: CapturedState | undefined;
  readonly tail: readonly TailEntry[];
  /** Checksum of the last entry of its log, with the tail. */
  readonly checksum: string;
  /** Of the entries that it adds to its log. */
  readonly engineVersion: number;
  /** Initial controls of a tank that is built from its spec. */
  readonly controls: Controls;
  /** Its clock is stopped until `unfreeze`; the service refuses commands until then. */
  readonly frozen: boolean;
  readonly watched: boolean;
  readonly uncovered: Uncovered;
  /** The count of earlier incarnations, which this one continues. */
  readonly skippedTicks: number;
}

/** Ticks and entries of a tank since its newest snapshot on the disk. */
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
  | ({
      readonly kind: "ask_migrants";
      readonly request: number;
      readonly order: MigrantOrder;
    } & TankLoad)
  /** Asks for the final state: stops the tank's clock for good. */
  | ({ readonly kind: "capture"; readonly request: number } & TankLoad);

export type Question = "fish" | "census";

/** The report of a tank, sent a few times a second and with every command. */
export interface TankReport {
  /** CPU that the tank asks for, in cores; 1 for a tank that runs as fast as possible. */
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
   * `snapshot`: its bytes are not a state, or not that state. `replay`: the replay contradicts the
   * log.
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
      /** Where it is the tank's first answer of this moment: its state after all of them. */
      readonly report: TankReport | undefined;
    } & TankLoad)
  | ({
      readonly kind: "mark";
      readonly seq: number;
      readonly tick: number;
      readonly digest: string;
    } & TankLoad)
  /** A state, requested by number or by the snapshot rule. */
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
      /** Of plants that were not sent yet since the tank is watched. */
      readonly looks: readonly PlantLooks[];
    } & TankLoad)
  | ({
      readonly kind: "fish";
      readonly request: number;
      readonly fish: readonly FishView[];
    } & TankLoad)
  /** Follows the answers to all commands that it includes. */
  | ({
      readonly kind: "census";
      readonly request: number;
      readonly seq: number;
      readonly census: Census;
    } & TankLoad)
  | ({
      readonly kind: "fish_profile";
      readonly request: number;
      readonly profile: FishProfile | undefined;
    } & TankLoad)
  | ({
      readonly kind: "migrants";
      readonly request: number;
      readonly migrants: readonly Migrant[];
    } & TankLoad)
  /** The tank failed and is stopped; the thread's other tanks run on. */
  | ({ readonly kind: "tank_failed"; readonly message: string } & TankLoad)
  /** The thread is gone, with all its tanks. Sent by its host, not by the thread. */
  | { readonly kind: "thread_failed"; readonly message: string };

/** A message of a simulation about one tank. */
export type SaidOfTank<Kind extends FromSimulation["kind"] = FromSimulation["kind"]> = Extract<
  FromSimulation,
  TankLoad & { readonly kind: Kind }
>;
