import type { Problem } from "../platform/errors.ts";
import type { TankRow } from "../store/rows.ts";
import { type History, specOf } from "./log/history.ts";
import type { Controls } from "./thread/controls.ts";
import type { SaidOfTank } from "./thread/simulation.ts";
import type { ThreadSlot } from "./threads.ts";

export type LoadAnswer = SaidOfTank<"loaded"> | SaidOfTank<"load_failed">;

export interface LoadRequest {
  /** Undefined for a tank that is being founded. */
  readonly history: History | undefined;
  readonly held: boolean;
  readonly watched: boolean;
}

interface Loading {
  readonly load: number;
  onLoaded(loaded: SaidOfTank<"loaded">): void;
  resolve(answer: LoadAnswer): void;
  reject(error: unknown): void;
}

/** Puts one tank into its simulation, each time under a new number. One load at a time. */
export class TankLoader {
  readonly #row: TankRow;
  readonly #slot: ThreadSlot;
  readonly #controls: Controls;
  #loads = 0;
  #loading: Loading | undefined;
  #abandoned: Problem | undefined;

  constructor(row: TankRow, slot: ThreadSlot, controls: Controls) {
    this.#row = row;
    this.#slot = slot;
    this.#controls = controls;
  }

  /**
   * `onLoaded` runs before the next message of the simulation is looked at, so that none about the
   * new incarnation comes before there is somebody to hear it. Rejects when the thread is gone.
   */
  load(request: LoadRequest, onLoaded: Loading["onLoaded"]): Promise<LoadAnswer> {
    const { history, held, watched } = request;
    return new Promise((resolve, reject) => {
      if (this.#abandoned) return reject(this.#abandoned);
      const load = ++this.#loads;
      this.#loading = { load, onLoaded, resolve, reject };
      if (!this.#slot.alive) return this.lost(new Error("its simulation thread is gone"));
      this.#slot.post({
        kind: "load",
        tank: this.#row.tank_id,
        load,
        spec: specOf(this.#row),
        snapshot: history?.snapshot,
        tail: history?.tail ?? [],
        controls: this.#controls,
        held,
        watched,
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

  /** No load any more: the simulation drops the one that is under way, and so does whoever waits. */
  abandon(reason: Problem): void {
    this.#abandoned = reason;
    const load = this.#loading?.load;
    if (load === undefined) return;
    this.#slot.post({ kind: "unload", tank: this.#row.tank_id, load });
    this.lost(reason);
  }

  /** There will be no answer. */
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
