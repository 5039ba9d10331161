import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { ConnectionRow } from "../../store/rows.ts";

/** A tank that a connection leads to. */
export interface Destination {
  readonly destination_node_id: string;
  readonly destination_tank_id: string;
}

const furtherSchema = z.array(z.tuple([z.string(), z.string()]));

/** The destinations of a connection in the order in which they were given. */
export function destinationsOf(
  row: Destination & Pick<ConnectionRow, "further_destinations">,
): readonly Destination[] {
  const { destination_node_id, destination_tank_id, further_destinations } = row;
  const first = { destination_node_id, destination_tank_id };
  if (further_destinations === "[]") return [first];
  const further = readShaped(furtherSchema, JSON.parse(further_destinations));
  return [
    first,
    ...further.map(([node, tank]) => ({ destination_node_id: node, destination_tank_id: tank })),
  ];
}

/** The columns of a row for at least one destination. */
export function destinationColumns([first, ...further]: readonly [Destination, ...Destination[]]) {
  return {
    ...first,
    further_destinations: JSON.stringify(
      further.map((one) => [one.destination_node_id, one.destination_tank_id]),
    ),
  };
}

export function isSameDestination(a: Destination, b: Destination): boolean {
  return (
    a.destination_node_id === b.destination_node_id &&
    a.destination_tank_id === b.destination_tank_id
  );
}

/** The node that a tank is on now which was on this one, as far as it is known. */
export type WhereIs = (tankId: string, nodeId: string) => string;

/** No tank has moved. */
export const stays: WhereIs = (_, nodeId) => nodeId;

/** Connections that lead to tanks which have moved follow them. */
export function relocated(rows: readonly ConnectionRow[], whereIs: WhereIs): JournalWrite[] {
  return rows.flatMap((row): JournalWrite[] => {
    const [first, ...further] = destinationsOf(row).map((one): Destination => {
      const { destination_tank_id, destination_node_id } = one;
      const nodeId = whereIs(destination_tank_id, destination_node_id);
      return { destination_tank_id, destination_node_id: nodeId };
    });
    if (!first) return [];
    const columns = destinationColumns([first, ...further]);
    const isSame =
      isSameDestination(row, columns) && row.further_destinations === columns.further_destinations;
    return isSame ? [] : [{ put: "connection", row: { ...row, ...columns } }];
  });
}
