import { isAccepted } from "./pairs.ts";
import type { EscrowStatement, Look, Statement } from "./statement.ts";

/** An entity in a tank or in escrow. */
export interface Place {
  readonly entity_id: string;
  readonly node_id: string;
  readonly tank_id: string;
  /** Counts its moves: with the same number it has not been elsewhere meanwhile. */
  readonly hops: number | undefined;
  /** Set while it is in escrow, on its way out of the tank. */
  readonly escrow: EscrowStatement | undefined;
}

/** What one round of looks has shown, by node. */
export type Looks = ReadonlyMap<string, Look>;

export function placesIn(statements: ReadonlyMap<string, Statement>): readonly Place[] {
  return [...statements].flatMap(([node_id, { fish, escrow }]) => [
    ...fish.flatMap(({ tank_id, entity_ids, hops }) =>
      entity_ids.map(
        (entity_id, index): Place => ({
          entity_id,
          node_id,
          tank_id,
          hops: hops[index],
          escrow: undefined,
        }),
      ),
    ),
    ...escrow.filter(isThere).map((row) => inEscrow(node_id, row)),
  ]);
}

/** The places of the entities that were seen in several. */

export function placesSeen(entityId: string, looks: Looks): readonly Place[] {
  return [...looks].flatMap(([node_id, { alive, escrow }]) => [
    ...alive
      .filter(({ entity_id }) => entity_id === entityId)
      .map((seen): Place => ({ ...seen, node_id, escrow: undefined })),
    ...escrow
      .filter((row) => row.entity_id === entityId && isThere(row))
      .map((row) => inEscrow(node_id, row)),
  ]);
}

/** A fish that is copied is in its tank, and nowhere else. */
export function isThere({ entity_type }: EscrowStatement): boolean {
  return entity_type !== "copy";
}

function inEscrow(node_id: string, escrow: EscrowStatement): Place {
  const { entity_id, source_tank_id } = escrow;
  return { entity_id, node_id, tank_id: source_tank_id, hops: undefined, escrow };
}

/**
 * Where an entity is at the same time: its places in both of two looks, the second of which began
 * when the first was over. A fish that is in a tank both times with the same hops has not been
 * elsewhere between; so if two places stay, it was in both. An escrow whose destination has
 * accepted the transfer is no place any more, only unknown to its source.
 */
export function placesThatStay(
  first: readonly Place[],
  second: readonly Place[],
  looks: Looks,
): readonly Place[] {
  return second.filter((place) => isPlace(place, looks) && first.some((it) => isSame(it, place)));
}

/** Places of the last look, with those whose transfer the destination has accepted left out. */
export function placesNow(places: readonly Place[], looks: Looks): readonly Place[] {
  return places.filter((place) => isPlace(place, looks));
}

function isPlace({ node_id, escrow }: Place, looks: Looks): boolean {
  if (escrow === undefined) return true;
  const destination = looks.get(escrow.destination_node_id);
  // Of a destination that does not answer nothing is known; the audit is not complete then.
  return destination !== undefined && !isAccepted(node_id, escrow, destination);
}

function isSame(a: Place, b: Place): boolean {
  return (
    a.node_id === b.node_id &&
    a.tank_id === b.tank_id &&
    a.hops === b.hops &&
    a.escrow?.destination_tank_id === b.escrow?.destination_tank_id &&
    a.escrow?.sequence === b.escrow?.sequence
  );
}
