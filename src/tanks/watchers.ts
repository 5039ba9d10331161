import type { Frame } from "./tanks.ts";

/** The viewers of a tank. Frames are made only while there are any. */
export class Watchers {
  readonly #onWatched: (watched: boolean) => void;
  readonly #listeners = new Set<(frame: Frame) => void>();

  /** `onWatched` is called when the first viewer comes and when the last one goes. */
  constructor(onWatched: (watched: boolean) => void) {
    this.#onWatched = onWatched;
  }

  get some(): boolean {
    return this.#listeners.size > 0;
  }

  /** Delivers frames until the returned function is called. */
  add(listener: (frame: Frame) => void): () => void {
    // A new function, so that the same listener may be added twice.
    const own = (frame: Frame) => listener(frame);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#onWatched(true);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#onWatched(false);
    };
  }

  show(frame: Frame): void {
    for (const listener of this.#listeners) listener(frame);
  }
}
