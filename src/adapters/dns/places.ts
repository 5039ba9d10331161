import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Random } from "../../platform/random.ts";

/** Where one node may be: its addresses, in canonical order. */
export type Place = readonly Address[];

/** Two places with the same key are equal. */
export function keyOf(place: Place): string {
  return place.map(formatHostPort).join(",");
}

/** Addresses, each of which may be another node. */
export function placesEach(addresses: readonly string[], port: number): readonly Place[] {
  return sorted(addresses).map((host) => [{ host, port }]);
}

/**
 * Addresses of one node; if there are more than a node has, they are those of many nodes behind one
 * name.
 */
export function placesTogether(addresses: readonly string[], port: number): readonly Place[] {
  if (addresses.length > LIMITS.addressesPerServerMax) return placesEach(addresses, port);
  return [sorted(addresses).map((host) => ({ host, port }))];
}

/** Each place once, the first ones first. */
export function uniquePlaces(places: readonly Place[]): readonly Place[] {
  return [...new Map(places.map((place) => [keyOf(place), place])).values()];
}

export function shuffled(places: readonly Place[], random: Random): readonly Place[] {
  return places
    .map((place) => ({ place, draw: random.unit() }))
    .sort((a, b) => a.draw - b.draw)
    .map(({ place }) => place);
}

function sorted(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort();
}
