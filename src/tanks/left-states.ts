import type { SharedMemory } from "../platform/shared-memory.ts";
import { type LivePlace, placeIn } from "./thread/live-trailer.ts";

/**
 * The states of tanks that the process before has left in memory. Each counts once: from then on
 * that memory is this process's own.
 */
export class LeftStates {
  readonly #memory: SharedMemory | undefined;
  readonly #taken = new Set<string>();

  constructor(memory: SharedMemory | undefined) {
    this.#memory = memory;
  }

  take(tankId: string): LivePlace | undefined {
    if (this.#taken.has(tankId)) return undefined;
    this.#taken.add(tankId);
    const memory = this.#memory?.open(tankId);
    return memory && placeIn(memory);
  }
  /** Removes those of tanks that are not here any more. */
  removeUnless(isKnown: (tankId: string) => boolean): void {
    for (const name of this.#memory?.names() ?? []) {
      if (!isKnown(name)) this.#memory?.remove(name);
    }
  }
}
