import { sourceKey } from "../../discovery/addresses.ts";
import type { Entry } from "./registry-entry.ts";

/**
 * The entry to evict from a full list for a new one. First, of those that never answered at their
 * address: an offline one, else the most silent of the source with the most entries. Then the
 * confirmed one that has been offline longest. Undefined if all are confirmed and online.
 */
export function whoGivesWay(
  entries: readonly Entry[],
  isConfirmed: (key: string) => boolean,
): Entry | undefined {
  const unconfirmed = entries.filter(({ key }) => !isConfirmed(key));
  return (
    longestAway(unconfirmed) ?? mostSilent(fromBusiestSource(unconfirmed)) ?? longestAway(entries)
  );
}

function longestAway(entries: readonly Entry[]): Entry | undefined {
  const away = entries.filter(({ offlineSinceMs }) => offlineSinceMs !== undefined);
  return leastBy(away, ({ offlineSinceMs = 0 }) => offlineSinceMs);
}

function mostSilent(entries: readonly Entry[]): Entry | undefined {
  return leastBy(entries, ({ lastSeenMs }) => lastSeenMs);
}

function fromBusiestSource(entries: readonly Entry[]): readonly Entry[] {
  const bySource = Map.groupBy(entries, ({ via, source }) => via ?? sourceKey(source ?? ""));
  return leastBy([...bySource.values()], ({ length }) => -length) ?? [];
}

function leastBy<T>(items: readonly T[], weigh: (item: T) => number): T | undefined {
  let least: T | undefined;
  for (const item of items) {
    if (least === undefined || weigh(item) < weigh(least)) least = item;
  }
  return least;
}
