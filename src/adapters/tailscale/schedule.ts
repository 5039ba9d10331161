import type { Device } from "./status.ts";

/**
 * A device that does not run tankd is dialled at growing intervals: there may be hundreds, and one
 * that starts tankd dials the others itself.
 */
const AGAIN_MIN_MS = 30_000;
const AGAIN_MAX_MS = 30 * 60_000;

interface Asked {
  readonly atMs: number;
  readonly delayMs: number;
}

/** Decides when each device is dialled to check whether it runs tankd. */
export class Schedule {
  /** By id and address: a device that comes back online or at another address is new. */
  #asked = new Map<string, Asked>();

  /** The due ones among the present devices, new ones first. */
  due(present: readonly Device[], nowMs: number): readonly Device[] {
    const kept = new Map<string, Asked>();
    const fresh: Device[] = [];
    const again: Device[] = [];
    for (const device of present) {
      const key = keyOf(device);
      const asked = this.#asked.get(key);
      if (asked === undefined) fresh.push(device);
      else {
        kept.set(key, asked);
        if (nowMs - asked.atMs >= asked.delayMs) again.push(device);
      }
    }
    this.#asked = kept;
    return [...fresh, ...again];
  }

  note(device: Device, nowMs: number): void {
    const key = keyOf(device);
    const before = this.#asked.get(key)?.delayMs;
    const delayMs = before === undefined ? AGAIN_MIN_MS : Math.min(2 * before, AGAIN_MAX_MS);
    this.#asked.set(key, { atMs: nowMs, delayMs });
  }

  /** All are new again. */
  clear(): void {
    this.#asked.clear();
  }
}

function keyOf({ id, addresses }: Device): string {
  return `${id} ${addresses[0]}`;
}
