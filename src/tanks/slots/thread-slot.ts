import type { Clock } from "../../platform/clock.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import type { FromSimulation, SimulationThread, ToSimulation } from "../thread/simulation.ts";
import { MISSED_HEARTBEATS_MAX, WATCHDOG_INTERVAL_MS, Watchdog } from "./watchdog.ts";

/** Backoff of restarts: a thread that dies at once must not be restarted in a hot loop. */
const RESTART_DELAY_MS = 250;
const RESTART_DELAY_MS_MAX = 30_000;
/** A thread that lived this long resets the backoff. */
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
   * The thread of this slot is gone, with its tanks. `workingOn` is the incarnation that it was
   * working on at its end; 0 for none.
   */
  onLost(slot: ThreadSlot, message: string, workingOn: number): void;
  /** A new thread runs; it has no tanks yet. */
  onRestarted(slot: ThreadSlot): void;
}

/**
 * The slot of one simulation thread. It is empty until it is opened for its first tank; a thread
 * that dies is replaced.
 */
export class ThreadSlot {
  readonly index: number;
  readonly #ports: ThreadPorts;
  readonly #events: ThreadEvents;
  #thread: SimulationThread | undefined;
  #watchdog = new Watchdog();
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

  /** Whether tanks can be assigned here: the thread runs, or has yet to be started. */
  get usable(): boolean {
    return this.alive || !this.#opened;
  }

  /** Starts the thread, unless that was done before. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#start();
  }

  /** Dropped while there is no thread; `onLost` has told those that wait for an answer. */
  post(message: ToSimulation): void {
    this.#thread?.post(message);
  }

  /** To be called every {@link WATCHDOG_INTERVAL_MS}: ends a thread that hangs. */
  checkHeartbeat(): void {
    const thread = this.#thread;
    if (!thread || !this.#watchdog.check(thread.heartbeat.beats)) return;
    void thread.stop();
    const seconds = (MISSED_HEARTBEATS_MAX * WATCHDOG_INTERVAL_MS) / 1000;
    this.#lost(thread, `the simulation thread hung: no heartbeat for ${seconds} seconds`);
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
    this.#watchdog = new Watchdog();
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
    this.#events.onLost(this, message, thread.heartbeat.workingOn);
  }
}
