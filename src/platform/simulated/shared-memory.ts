import type { SharedMemory } from "../shared-memory.ts";

/** The shared memory of a simulated machine: it outlives the processes that use it. */
export class SimulatedSharedMemory implements SharedMemory {
  /** Bytes that fit in at most. */
  room = Number.POSITIVE_INFINITY;
  readonly #kept = new Map<string, ArrayBuffer>();

  create(name: string, bytes: number): ArrayBuffer | undefined {
    this.#kept.delete(name);
    const taken = [...this.#kept.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (taken + bytes > this.room) return undefined;
    const memory = new ArrayBuffer(bytes);
    this.#kept.set(name, memory);
    return memory;
  }

  open(name: string): ArrayBuffer | undefined {
    return this.#kept.get(name);
  }

  /** A loss of power. */
  clear(): void {
    this.#kept.clear();
  }

  names(): readonly string[] {
    return [...this.#kept.keys()];
  }

  remove(name: string): void {
    this.#kept.delete(name);
  }
}
