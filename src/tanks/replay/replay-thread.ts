import type { ProblemCode } from "../../platform/errors.ts";
import type { PlantLooks, Scene, TankStats } from "../../sim/types.ts";
import type { Controls } from "../thread/controls.ts";
import type { CapturedState } from "../thread/simulation.ts";
import type { Place } from "./chronicle.ts";

/**
 * The port to the thread that runs replays, so that they delay neither the node's main thread nor
 * its simulations. Messages are plain data. The thread reads the journal and the files itself.
 */
export interface ReplayThread {
  post(message: ToReplay): void;
  /** Sets the only receiver. */
  onMessage(handler: (message: FromReplay) => void): void;
  /** Resolves when the thread is gone. */
  stop(): Promise<void>;
}

export type ToReplay =
  | { readonly kind: "order"; readonly request: number; readonly order: ReplayOrder }
  /** The answer is no longer wanted. */
  | { readonly kind: "cancel"; readonly request: number };

export type FromReplay =
  | { readonly kind: "answer"; readonly request: number; readonly answer: ReplayAnswer }
  | {
      readonly kind: "refused";
      readonly request: number;
      readonly code: ProblemCode;
      readonly message: string;
    }
  /** The thread is gone. Sent by its host, once. */
  | { readonly kind: "thread_failed"; readonly message: string };

export type ReplayOrder =
  | { readonly kind: "window"; readonly tank: string }
  | { readonly kind: "look"; readonly tank: string; readonly tick: number }
  | {
      readonly kind: "pack";
      readonly tank: string;
      readonly programVersion: string;
      readonly madeAtMs: number;
    }
  | { readonly kind: "fork"; readonly archive: Uint8Array; readonly tankKey: string };

export type ReplayAnswer = PastWindow | PastLook | PackedTank | ForkOfArchive;

/** A past state whose digest is recorded. */
export interface KnownState extends Place {
  readonly digest: string;
}

/** The part of a tank's past that can be replayed. */
export interface PastWindow {
  readonly kind: "window";
  readonly epoch: number;
  readonly from: Place;
  readonly to: Place;
  /** Whether it goes back to where the tank began. */
  readonly whole: boolean;
  /** Oldest first. */
  readonly snapshots: readonly KnownState[];
  /** Digests in the log, oldest first; limited to the newest ones. */
  readonly marks: readonly KnownState[];
  /** Messages about how far it reaches and what cannot be replayed. */
  readonly notes: readonly string[];
}

/** A past state of a tank, as it is shown. */
export interface PastLook {
  readonly kind: "look";
  readonly epoch: number;
  readonly seq: number;
  readonly tick: number;
  readonly digest: string;
  readonly controls: Controls;
  readonly stats: TankStats;
  readonly scene: Scene;
  readonly looks: readonly PlantLooks[];
}

/** An archive as a file. */
export interface PackedTank {
  readonly kind: "pack";
  readonly name: string;
  readonly to: Place;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The verified and forked final state of an archive, from which a new tank is created. */
export interface ForkOfArchive {
  readonly kind: "fork";
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly fish: number;
  /** At the first entry of the new tank's log. */
  readonly state: CapturedState;
  /** Of the tank that was archived. */
  readonly original: KnownState & { readonly tank_id: string };
}

/** The answer to each kind of order. */
export type AnswerTo<Kind extends ReplayOrder["kind"]> = Extract<
  ReplayAnswer,
  { readonly kind: Kind }
>;
