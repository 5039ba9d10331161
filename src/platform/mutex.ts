/**
 * Runs tasks side by side, but at most `permits` of them under one key; the rest wait their turn in
 * the order in which they came. A task that fails gives its place up too.
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

  /** Hands the place to the next in line, or frees it. */
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

/**
 * One task at a time under a key: two copies of one transfer, or a copy and an abort, never
 * overlap.
 */
export class KeyedMutex<K = string> extends KeyedSemaphore<K> {
  constructor() {
    super(1);
  }
}

/** One task at a time: each begins when the one before has ended, however it ended. */
export class Mutex {
  readonly #only = new KeyedMutex<undefined>();

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#only.run(undefined, task);
  }
}
