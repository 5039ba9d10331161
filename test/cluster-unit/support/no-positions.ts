import type { Positions } from "../../../src/cluster/lineage/lineage.ts";

/** Of a cluster in which nobody ever lost anything. */
export const NO_POSITIONS: Positions = {
  held: undefined,
  statement: () => undefined,
  remember: () => [],
  isBehind: () => false,
};
