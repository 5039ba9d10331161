import type { Problem } from "../platform/errors.ts";
import type { TankRow } from "../store/rows.ts";
import { ALL_COVERED, type History, specOf } from "./log/history.ts";
import { emptyLog } from "./log/log-chain.ts";
import type { ThreadSlot } from "./slots/thread-slot.ts";
import type { Controls } from "./thread/controls.ts";
import type { SaidOfTank } from "./thread/simulation.ts";

export type LoadAnswer = SaidOfTank<"loaded"> | SaidOfTank<"load_failed">;

export interface LoadRequest {
  /** Undefined for a tank that is being created. */
  readonly history: History | undefined;
  readonly engineVersion: number;
  readonly frozen: boolean;
  readonly watched: boolean;
  readonly skippedTicks: number;
}

interface Loading {
  readonly load: number;
  readonly slot: ThreadSlot;
  onLoaded(loaded: SaidOfTank<"loaded">): void;
  resolve(answer: LoadAnswer): void;
  reject(error: unknown): void;
}

/** Loads one tank into its simulation, each time under a new number. One load at a time. */
export class TankLoader {
  readonly #row: TankRow;
  readonly #controls: Controls;
  readonly #nextLoad: () => number;
  #loading: Loading | undefined;
  #abandoned: Problem | undefined;

  /** `nextLoad` must return a number that is unique among all tanks of the node. */
  constructor(row: TankRow, controls: Controls, nextLoad: () => number) {
    this.#row = row;
    this.#controls = controls;
    this.#nextLoad = nextLoad;
  }

  /** The load in progress. */
  get load(): number | undefined {
    return this.#loading?.load;
  }

  /**
   * `onLoaded` runs before the next message of the simulation is handled, so that no message to the
   * new incarnation is lost. Rejects when the thread is gone.
   */
  start(
    slot: ThreadSlot,
    request: LoadRequest,
    onLoaded: Loading["onLoaded"],
  ): Promise<LoadAnswer> {
    const { history, ...rest } = request;
    const { tail = [], uncovered = ALL_COVERED } = history ?? {};
    return new Promise((resolve, reject) => {
      if (this.#abandoned) return reject(this.#abandoned);
      const load = this.#nextLoad();
      this.#loading = { load, slot, onLoaded, resolve, reject };
      if (!slot.alive) return this.lost(new Error("its simulation thread is gone"));
      slot.post({
        kind: "load",
        tank: this.#row.tank_id,
        load,
        spec: specOf(this.#row),
        live: history?.live,
        snapshot: history?.snapshot,
        checksum: (history?.logEnd ?? emptyLog(this.#row)).checksum,
        tail,
        controls: this.#controls,
        uncovered: { ...uncovered, entries: uncovered.entries + tail.length },
        ...rest,
      });
    });
  }

  onLoaded(message: SaidOfTank<"loaded">): void {
    const loading = this.#take(message.load);
    loading?.onLoaded(message);
    loading?.resolve(message);
  }

  onFailed(message: SaidOfTank<"load_failed">): void {
    this.#take(message.load)?.resolve(message);
  }

  /** Cancels the load in progress and refuses later ones with `reason`. */
  abandon(reason: Problem): void {
    this.#abandoned = reason;
    if (!this.#loading) return;
    const { load, slot } = this.#loading;
    slot.post({ kind: "unload", tank: this.#row.tank_id, load });
    this.lost(reason);
  }

  /** Rejects the load in progress: there will be no answer. */
  lost(error: unknown): void {
    this.#loading?.reject(error);
    this.#loading = undefined;
  }

  #take(load: number): Loading | undefined {
    if (this.#loading?.load !== load) return undefined;
    const loading = this.#loading;
    this.#loading = undefined;
    return loading;
  }
}
