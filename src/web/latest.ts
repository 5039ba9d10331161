/**
 * Serialises requests that arrive faster than they are handled, as from a slider: one at a time,
 * and of those that arrived meanwhile only the last.
 */
export class Latest<Wish> {
  readonly #fulfil: (wish: Wish) => Promise<void>;
  #next: { readonly wish: Wish } | undefined;
  #running = false;

  /** `fulfil` must not reject. */
  constructor(fulfil: (wish: Wish) => Promise<void>) {
    this.#fulfil = fulfil;
  }

  want(wish: Wish): void {
    this.#next = { wish };
    if (!this.#running) void this.#run();
  }

  /** Drops the waiting request. */
  forget(): void {
    this.#next = undefined;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#take(); next; next = this.#take()) await this.#fulfil(next.wish);
    this.#running = false;
  }

  #take(): { readonly wish: Wish } | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}
