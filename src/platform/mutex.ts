/**
 * Runs at most `permits` tasks concurrently per key; the rest wait in FIFO order. A task that fails
 * releases its permit too.
 */
export class KeyedSemaphore<K = string> {
  readonly #permits: number;
  readonly #running = new Map<K, number>();
  readonly #waiting = new Map<K, (() => void)[]>();

  constructor(permits: number) {
    this.#permits = permits;
  }

  async run<T>(key: K, task: () => Promise<T>): Promise<T> {
    await this.#enter(key);
    try {
      return await task();
    } finally {
      this.#leave(key);
    }
  }

  #enter(key: K): Promise<void> | undefined {
    const running = this.#running.get(key) ?? 0;
    if (running < this.#permits) {
      this.#running.set(key, running + 1);
      return undefined;
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(key);
      if (queue) queue.push(resolve);
      else this.#waiting.set(key, [resolve]);
    });
  }

  /** Passes the permit to the next task, or releases it. */
  #leave(key: K): void {
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(key);
    const running = this.#running.get(key) ?? 1;
    if (next) next();
    else if (running > 1) this.#running.set(key, running - 1);
    else this.#running.delete(key);
  }
}

/** Runs one task at a time per key. */
export class KeyedMutex<K = string> extends KeyedSemaphore<K> {
  constructor() {
    super(1);
  }
}

/** Runs one task at a time: each starts when the one before has settled. */
export class Mutex {
  readonly #only = new KeyedMutex<undefined>();

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#only.run(undefined, task);
  }
}
