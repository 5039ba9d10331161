import type { Positions } from "../../../src/cluster/clones/journal-positions.ts";

/** Of a cluster in which nobody ever lost anything. */
export const NO_POSITIONS: Positions = {
  fenced: undefined,
  recalled: true,
  statement: () => undefined,
  remembered: () => undefined,
  judge: () => {},
  remember: () => [],
  isBehind: () => false,
  clearedForExport: () => true,
};
