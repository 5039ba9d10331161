/**
 * Runs tasks side by side, but at most `width` of them under one key; the rest wait their turn in
 * the order in which they came. With a width of one it serialises: two copies of one transfer, or
 * a copy and an abort of it, never pass each other.
 */
export class Lanes {
  readonly #width: number;
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(width: number) {
    this.#width = width;
  }

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    await this.#enter(key);
    try {
      return await task();
    } finally {
      this.#leave(key);
    }
  }

  #enter(key: string): Promise<void> | undefined {
    const busy = this.#busy.get(key) ?? 0;
    if (busy < this.#width) {
      this.#busy.set(key, busy + 1);
      return undefined;
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(key);
      if (queue) queue.push(resolve);
      else this.#waiting.set(key, [resolve]);
    });
  }

  /** Hands the place to the next in line, or frees it. */
  #leave(key: string): void {
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(key);
    const busy = this.#busy.get(key) ?? 1;
    if (next) next();
    else if (busy > 1) this.#busy.set(key, busy - 1);
    else this.#busy.delete(key);
  }
}
