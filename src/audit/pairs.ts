import { Homes } from "./homes.ts";
import type { EscrowStatement, Look, PairStatement, Statement } from "./statement.ts";

/** Two tanks between which fish were transferred, and what both ends have counted. */
export interface Pair {
  readonly source_node_id: string;
  readonly source_tank_id: string;
  readonly destination_node_id: string;
  readonly destination_tank_id: string;
  readonly entity_type: string;
  readonly delivered: number;
  readonly returned: number;
  /** Without a decision at the source. */
  readonly open: number;
  readonly accepted: number;
  /** Whether that end has counted every transfer. */
  readonly sourceIsWhole: boolean;
  readonly destinationIsWhole: boolean;
}

/**
 * The pairs whose ends have both stated their counts, by a key. A pair is of two tanks, whichever
 * nodes they were on at the time; it is left out while one of them moves.
 */
export function pairsOf(statements: ReadonlyMap<string, Statement>): ReadonlyMap<string, Pair> {
  const homes = new Homes(statements);
  const pairs = new Map<string, Pair>();
  for (const [nodeId, { pairs: stated }] of statements) {
    for (const pair of stated) {
      const { source_tank_id, destination_tank_id, entity_type, side } = pair;
      const own = side === "out" ? source_tank_id : destination_tank_id;
      if (!homes.speaksFor(nodeId, own)) continue;
      if ([source_tank_id, destination_tank_id].some((tank) => homes.isUnderWay(tank))) continue;
      const other = homes.of(side === "out" ? destination_tank_id : source_tank_id, pair.node_id);
      const [sourceId, destinationId] = side === "out" ? [nodeId, other] : [other, nodeId];
      const source = statements.get(sourceId);
      const destination = statements.get(destinationId);
      if (!source || !destination) continue;
      const names = {
        source_node_id: sourceId,
        source_tank_id,
        destination_node_id: destinationId,
        destination_tank_id,
        entity_type,
      };
      const key = JSON.stringify(Object.values(names));
      const known = pairs.get(key) ?? { ...NOTHING, ...names };
      const whole = { sourceIsWhole: source.whole, destinationIsWhole: destination.whole };
      pairs.set(key, { ...known, ...whole, ...sumOf(known, countsOf(pair)) });
    }
  }
  return pairs;
}

const NOTHING = { delivered: 0, returned: 0, open: 0, accepted: 0 } as const;

type Counts = Pick<Pair, keyof typeof NOTHING>;

function countsOf({ side, counts }: PairStatement): Counts {
  const of = (state: string) => counts[state] ?? 0;
  if (side === "in") return { ...NOTHING, accepted: of("accepted") };
  const open = of("pending") + of("in_doubt");
  return { ...NOTHING, delivered: of("delivered"), returned: of("returned"), open };
}

function sumOf(a: Counts, b: Counts): Counts {
  return {
    delivered: a.delivered + b.delivered,
    returned: a.returned + b.returned,
    open: a.open + b.open,
    accepted: a.accepted + b.accepted,
  };
}

/**
 * Fish that arrived beyond those that left; negative where some have left and not arrived.
 * Undefined when something moved between the two statements: each count only grows, so where they
 * are equal nothing has moved between them, and the look in between saw the very state.
 * `acceptedOpen`: transfers without a decision at the source that the destination has accepted.
 */
export function surplusOfPair(
  before: Pair | undefined,
  after: Pair,
  acceptedOpen: number,
): number | undefined {
  if (!before) return undefined;
  const isStill =
    before.delivered === after.delivered &&
    before.returned === after.returned &&
    before.open === after.open &&
    before.accepted === after.accepted;
  if (!isStill) return undefined;
  const surplus = after.accepted - acceptedOpen - after.delivered;
  // An end that has not counted everything may lack just these.
  if (surplus > 0 && !after.sourceIsWhole) return 0;
  if (surplus < 0 && !after.destinationIsWhole) return 0;
  return surplus;
}

/** Whether the destination has accepted this transfer, as far as its look tells. */
export function isAccepted(sourceId: string, row: EscrowStatement, look: Look | undefined) {
  return (look?.accepted ?? []).some(
    (accepted) =>
      accepted.source_node_id === (row.source_node_id ?? sourceId) &&
      accepted.source_tank_id === row.source_tank_id &&
      accepted.destination_tank_id === row.destination_tank_id &&
      accepted.sequence === row.sequence,
  );
}
