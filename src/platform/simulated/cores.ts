import type { Cancel } from "../timers.ts";

/** Costs of events in processor time, milliseconds. */
export interface ProcessorCosts {
  /** From the start of the process to its first line of code. */
  readonly startMs: number;
  /** A timer, an answer, a datagram. */
  readonly eventMs: number;
  /** Sending or answering a request to this path. */
  requestMs(path: string): number;
  /** Background work of the process (tanks), per second. */
  readonly backgroundMsPerSecond: number;
}

/** Time slice of a thread while others wait (Linux: 3 to 4 ms). */
const SLICE_MS = 4;

interface Work {
  restMs: number;
  readonly run: () => void;
}

/**
 * Processor cores with a round-robin scheduler. A thread handles events one by one, so that events
 * that are due while it works or waits for a core are late.
 */
export class Cores {
  /** Of a core that each thread gets while it has one to itself: 0.05 is a starved machine. */
  speed: number;
  #idle: number;
  readonly #ready: Thread[] = [];
  readonly #schedule: (delayMs: number, label: string, run: () => void) => Cancel;

  constructor(
    schedule: (delayMs: number, label: string, run: () => void) => Cancel,
    { count, speed = 1 }: { readonly count: number; readonly speed?: number },
  ) {
    this.#schedule = schedule;
    this.#idle = count;
    this.speed = speed;
  }

  /** Enqueues a thread that has work and is not queued yet. */
  enqueue(thread: Thread): void {
    this.#ready.push(thread);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#idle > 0) {
      const thread = this.#ready.shift();
      if (!thread) return;
      const sliceMs = Math.min(SLICE_MS, thread.restMs);
      this.#idle--;
      this.#schedule(sliceMs / this.speed, `slice ${thread.label}`, () => {
        this.#idle++;
        if (thread.advance(sliceMs)) this.#ready.push(thread);
        this.#dispatch();
      });
    }
  }
}

/**
 * The one thread of a simulated process. Without cores everything happens at once and costs
 * nothing.
 */
export class Thread {
  readonly label: string;
  /** Processor time used so far, milliseconds. */
  usedMs = 0;
  readonly #cores: Cores | undefined;
  readonly #isAlive: () => boolean;
  readonly #waiting: Work[] = [];
  #current: Work | undefined;
  /** What has come up since the thread was held. */
  #held: Work[] | undefined;

  constructor(label: string, cores: Cores | undefined, isAlive: () => boolean) {
    this.label = label;
    this.#cores = cores;
    this.#isAlive = isAlive;
  }

  /** Runs it when everything before is done and its own processor time is used. */
  run(costMs: number, run: () => void): void {
    if (!this.#isAlive()) return;
    if (this.#held) {
      this.#held.push({ restMs: costMs, run });
    } else if (this.#cores) {
      this.#waiting.push({ restMs: costMs, run });
      this.#begin();
    } else {
      run();
    }
  }

  /** Begins nothing more until it is released. */
  hold(): void {
    this.#held ??= [];
  }

  /** Begins what has come up meanwhile, in its order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { restMs, run } of held) this.run(restMs, run);
  }

  /** What the code that runs now costs besides: everything after it comes that much later. */
  charge(costMs: number): void {
    if (!this.#cores || costMs <= 0) return;
    this.#waiting.unshift({ restMs: costMs, run: () => {} });
    this.#begin();
  }

  /** Of the work in hand. */
  get restMs(): number {
    return this.#current?.restMs ?? 0;
  }

  /** A slice has passed. True while there is more to do. */
  advance(sliceMs: number): boolean {
    const work = this.#current;
    if (!work) return false;
    this.usedMs += sliceMs;
    work.restMs -= sliceMs;
    if (work.restMs > 0 && this.#isAlive()) return true;
    this.#current = this.#isAlive() ? this.#waiting.shift() : undefined;
    const more = this.#current !== undefined;
    if (this.#isAlive()) work.run();
    return more;
  }

  #begin(): void {
    if (this.#current) return;
    this.#current = this.#waiting.shift();
    this.#cores?.enqueue(this);
  }
}
