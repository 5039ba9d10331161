import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { RegistryDelta, RegistryPosition } from "../wire.ts";
import { deltaSince, type Removal } from "./registry-delta.ts";
import type { Entry } from "./registry-entry.ts";

/**
 * Interval at which figures (fish, processor time, memory, uptime) are sent to followers, all
 * together. Every heartbeat changes them, and sent singly they would be most of a hub's traffic.
 */
const FIGURES_INTERVAL_MS = 10_000;

/** The version that a change of a server has been given. */
interface Stamp {
  readonly key: string;
  readonly version: number;
}

/** Numbers the changes of a registry, so that its followers are told what is new to them. */
export class RegistryChanges {
  #version = 0;
  /** Servers that have left, in that order, so that followers hear of it. */
  readonly #removals = new BoundedMap<string, Removal>(LIMITS.removalsRememberedMax, {
    onEvict: ({ version }) => {
      this.#removalsSince = version;
    },
  });
  /** Followers from before this version start anew: earlier removals are forgotten. */
  #removalsSince = 0;
  /** Servers whose figures have changed since followers were told. */
  readonly #freshFigures = new Set<string>();
  #figuresToldMs: number;

  constructor(nowMs: number) {
    this.#figuresToldMs = nowMs;
  }

  /** The version of the change. */
  noteChanged(key: string): number {
    this.#removals.delete(key);
    this.#freshFigures.delete(key);
    return ++this.#version;
  }

  noteRemoved(key: string): void {
    this.#freshFigures.delete(key);
    this.#removals.set(key, { key, version: ++this.#version });
  }

  hasRemoved(key: string): boolean {
    return this.#removals.has(key);
  }

  /** Only figures have changed. Followers are told of them later. */
  noteFigures(key: string): void {
    this.#freshFigures.add(key);
  }

  /** When it is time to tell the changed figures: a new version for each server that has some. */
  takeFigures(nowMs: number): readonly Stamp[] {
    if (nowMs - this.#figuresToldMs < FIGURES_INTERVAL_MS) return [];
    this.#figuresToldMs = nowMs;
    const stamps = [...this.#freshFigures].map((key) => ({ key, version: ++this.#version }));
    this.#freshFigures.clear();
    return stamps;
  }

  /** What has changed since a follower's position; everything if it followed another registry. */
  since(position: RegistryPosition, of: string, entries: readonly Entry[]): RegistryDelta {
    const isOurs = position.of === of && position.version >= this.#removalsSince;
    const since = isOurs ? position.version : 0;
    const changes = deltaSince(since, this.#version, entries, this.#removals.values());
    return { of, whole: since === 0, ...changes };
  }
}
