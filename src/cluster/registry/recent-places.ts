import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { TankLocation } from "../cluster.ts";

/** Longer than any list takes to name a tank at its new node. */
const KEPT_MS = 60_000;

/**
 * Where tanks of other nodes were found lately. A tank that moves is for a moment in nobody's list:
 * its former node is the one to ask.
 */
export class RecentPlaces {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #locate: (asked: string) => TankLocation | undefined;
  readonly #found = new BoundedMap<string, { place: TankLocation; atMs: number }>(
    LIMITS.placesRememberedMax,
  );

  constructor(
    clock: Pick<Clock, "monotonicMs">,
    locate: (asked: string) => TankLocation | undefined,
  ) {
    this.#clock = clock;
    this.#locate = locate;
  }

  locate(asked: string): TankLocation | undefined {
    const place = this.#locate(asked);
    if (place === undefined || place.is_local) return place;
    const atMs = this.#clock.monotonicMs();
    for (const name of new Set([asked, place.tank.tank_id])) this.#found.set(name, { place, atMs });
    return place;
  }

  /** By the text by which it was found, or its id. */
  last(asked: string): TankLocation | undefined {
    const found = this.#found.get(asked);
    const isOld = found === undefined || this.#clock.monotonicMs() - found.atMs > KEPT_MS;
    return isOld ? undefined : found.place;
  }
}
