/** An entity, and where it was seen. */
export interface Sighting {
  readonly entity_id: string;
}

/** Entities that were seen more than once, each with all of its sightings, in the order given. */
export function seenTwice<Seen extends Sighting>(
  sightings: readonly Seen[],
): ReadonlyMap<string, readonly Seen[]> {
  const first = new Map<string, Seen>();
  const repeated = new Map<string, Seen[]>();
  for (const seen of sightings) {
    const before = first.get(seen.entity_id);
    if (before === undefined) {
      first.set(seen.entity_id, seen);
      continue;
    }
    const all = repeated.get(seen.entity_id);
    if (all === undefined) repeated.set(seen.entity_id, [before, seen]);
    else all.push(seen);
  }
  return repeated;
}
