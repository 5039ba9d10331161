import type { Frame } from "./tanks.ts";

/** Who watches a tank. It is drawn only while there is somebody. */
export class Watchers {
  readonly #onWatched: (watched: boolean) => void;
  readonly #listeners = new Set<(frame: Frame) => void>();

  /** `onWatched` hears when the first one comes and when the last one goes. */
  constructor(onWatched: (watched: boolean) => void) {
    this.#onWatched = onWatched;
  }

  get some(): boolean {
    return this.#listeners.size > 0;
  }

  /** Frames until the returned function is called. */
  add(listener: (frame: Frame) => void): () => void {
    // A function of its own, so that the same listener may watch twice.
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
