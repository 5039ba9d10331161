export interface BoundedMapOptions<K, V> {
  /** Entries that must not be evicted; the oldest of the others is. By default any may be. */
  readonly canEvict?: (value: V, key: K) => boolean;
  /** Called for each evicted entry, but not for deleted ones. */
  readonly onEvict?: (value: V, key: K) => void;
}

/**
 * A map of at most `max` entries in the order in which they were last set, oldest first. Exceeding
 * the bound evicts the oldest entry that may be evicted. For LRU order, set an entry after each
 * get.
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
   * Makes the entry the newest. Returns false, unchanged, when it is full and none may be evicted.
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
