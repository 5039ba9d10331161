import type { Clock } from "../../platform/clock.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import type { FromSimulation, SimulationThread, ToSimulation } from "../thread/simulation.ts";
import { HangWatch, LOOK_INTERVAL_MS, SILENT_LOOKS_MAX } from "./hang-watch.ts";

/** A thread that dies again at once must not be restarted in a hot loop. */
const RESTART_DELAY_MS = 250;
const RESTART_DELAY_MS_MAX = 30_000;
/** After living this long, the next death is a new story. */
const SETTLED_AFTER_MS = 60_000;

export interface ThreadPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly spawn: () => SimulationThread;
}

export interface ThreadEvents {
  onMessage(message: Exclude<FromSimulation, { kind: "thread_failed" }>): void;
  /**
   * The thread of this slot is gone, with its tanks. `workingOn` is the load of the tank that it
   * was working on at its end; 0 for none.
   */
  onLost(slot: ThreadSlot, message: string, workingOn: number): void;
  /** A new thread is there; it knows nothing. */
  onRestarted(slot: ThreadSlot): void;
}

/**
 * The place of one simulation thread. It is empty until it is opened for its first tank; when the
 * thread dies, another takes the place.
 */
export class ThreadSlot {
  readonly index: number;
  readonly #ports: ThreadPorts;
  readonly #events: ThreadEvents;
  #thread: SimulationThread | undefined;
  #watch = new HangWatch();
  #startedMs = 0;
  #deaths = 0;
  #cancelRestart: Cancel | undefined;
  #opened = false;

  constructor(index: number, ports: ThreadPorts, events: ThreadEvents) {
    this.index = index;
    this.#ports = ports;
    this.#events = events;
  }

  /** False while there is no thread. */
  get alive(): boolean {
    return this.#thread !== undefined;
  }

  /** Whether a tank can be put here: its thread lives, or has yet to be started. */
  get usable(): boolean {
    return this.alive || !this.#opened;
  }

  /** Starts the thread, if there was none yet. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#start();
  }

  /** Lost while there is no thread; whoever waits for an answer hears of that by `onLost`. */
  post(message: ToSimulation): void {
    this.#thread?.post(message);
  }

  /** To be called every {@link LOOK_INTERVAL_MS}: ends a thread that hangs. */
  look(): void {
    const thread = this.#thread;
    if (!thread || !this.#watch.look(thread.pulse.beats)) return;
    void thread.stop();
    const seconds = (SILENT_LOOKS_MAX * LOOK_INTERVAL_MS) / 1000;
    this.#lost(thread, `the simulation thread hung: it did not stir for ${seconds} seconds`);
  }

  async stop(): Promise<void> {
    this.#opened = true;
    this.#cancelRestart?.();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  #start(): void {
    const thread = this.#ports.spawn();
    this.#startedMs = this.#ports.clock.monotonicMs();
    this.#thread = thread;
    this.#watch = new HangWatch();
    thread.onMessage((message) => {
      if (this.#thread !== thread) return;
      if (message.kind === "thread_failed") this.#lost(thread, message.message);
      else this.#events.onMessage(message);
    });
  }

  #lost(thread: SimulationThread, message: string): void {
    this.#thread = undefined;
    const livedMs = this.#ports.clock.monotonicMs() - this.#startedMs;
    this.#deaths = livedMs >= SETTLED_AFTER_MS ? 0 : this.#deaths + 1;
    const delayMs = Math.min(RESTART_DELAY_MS_MAX, RESTART_DELAY_MS * 2 ** this.#deaths);
    this.#ports.log.error("simulation thread lost", { reason: message, restart_in_ms: delayMs });
    this.#cancelRestart = this.#ports.timers.after(delayMs, () => {
      this.#start();
      this.#events.onRestarted(this);
    });
    this.#events.onLost(this, message, thread.pulse.workingOn);
  }
}
