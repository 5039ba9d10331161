import type { Clock } from "../platform/clock.ts";
import type { Cancel, Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import type { FromSimulation, SimulationThread, ToSimulation } from "./thread/simulation.ts";

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
  /** The thread of this slot is gone, with its tanks. */
  onLost(slot: ThreadSlot, message: string): void;
  /** A new thread is there; it knows nothing. */
  onRestarted(slot: ThreadSlot): void;
}

/**
 * The place of one simulation thread. It is empty until it is opened for its first tank; when the
 * thread dies, another takes the place.
 */
export class ThreadSlot {
  /** Tanks that are assigned to this slot. */
  tanks = 0;
  readonly #ports: ThreadPorts;
  readonly #events: ThreadEvents;
  #thread: SimulationThread | undefined;
  #startedMs = 0;
  #deaths = 0;
  #cancelRestart: Cancel | undefined;
  #opened = false;

  constructor(ports: ThreadPorts, events: ThreadEvents) {
    this.#ports = ports;
    this.#events = events;
  }

  /** Starts the thread, if there was none yet. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#start();
  }

  /** False while there is no thread. */
  get alive(): boolean {
    return this.#thread !== undefined;
  }

  /** Lost while there is no thread; whoever waits for an answer hears of that by `onLost`. */
  post(message: ToSimulation): void {
    this.#thread?.post(message);
  }

  async stop(): Promise<void> {
    this.#cancelRestart?.();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  #start(): void {
    const thread = this.#ports.spawn();
    this.#startedMs = this.#ports.clock.monotonicMs();
    this.#thread = thread;
    thread.onMessage((message) => {
      if (this.#thread !== thread) return;
      if (message.kind === "thread_failed") this.#lost(message.message);
      else this.#events.onMessage(message);
    });
  }

  #lost(message: string): void {
    this.#thread = undefined;
    const livedMs = this.#ports.clock.monotonicMs() - this.#startedMs;
    this.#deaths = livedMs >= SETTLED_AFTER_MS ? 0 : this.#deaths + 1;
    const delayMs = Math.min(RESTART_DELAY_MS_MAX, RESTART_DELAY_MS * 2 ** this.#deaths);
    this.#ports.log.error("simulation thread lost", { reason: message, restart_in_ms: delayMs });
    this.#cancelRestart = this.#ports.timers.after(delayMs, () => {
      this.#start();
      this.#events.onRestarted(this);
    });
    this.#events.onLost(this, message);
  }
}
