export interface BoundedMapOptions<K, V> {
  /** Entries that must stay; the oldest of the others gives way. Without it any may go. */
  readonly canEvict?: (value: V, key: K) => boolean;
  /** Told of each entry that gave way, not of one that was deleted. */
  readonly onEvict?: (value: V, key: K) => void;
}

/**
 * A map of at most `max` entries in the order in which they were last set, oldest first. Setting
 * one too many evicts the oldest that may go; where a use counts too, set what was got.
 */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  readonly max: number;
  readonly #options: BoundedMapOptions<K, V>;
  readonly #entries = new Map<K, V>();

  constructor(max: number, options: BoundedMapOptions<K, V> = {}) {
    this.max = max;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /**
   * Makes the entry the newest. False, and nothing changes, when there is no room and none may go.
   */
  set(key: K, value: V): boolean {
    if (!this.#entries.delete(key) && this.#entries.size >= this.max && !this.#evictOldest()) {
      return false;
    }
    this.#entries.set(key, value);
    return true;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  values(): MapIterator<V> {
    return this.#entries.values();
  }

  entries(): MapIterator<[K, V]> {
    return this.#entries.entries();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#entries.entries();
  }

  #evictOldest(): boolean {
    const { canEvict, onEvict } = this.#options;
    for (const [key, value] of this.#entries) {
      if (canEvict && !canEvict(value, key)) continue;
      this.#entries.delete(key);
      onEvict?.(value, key);
      return true;
    }
    return false;
  }
}
