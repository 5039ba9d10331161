import { type Candidate, outranks } from "./rank.ts";

/** Two: one may die with the hub. More would each cost every worker a handshake. */
export const SUCCESSORS_MAX = 2;

/**
 * The successors of the hub, best first. Those already named stay as long as they qualify: every
 * worker keeps a current handshake with them, so a change costs each worker another one.
 */
export function chooseSuccessors(
  able: readonly Candidate[],
  named: readonly string[],
): readonly string[] {
  const place = ({ nodeId }: Candidate) => {
    const at = named.indexOf(nodeId);
    return at === -1 ? SUCCESSORS_MAX : at;
  };
  return able
    .filter(({ mayClaim }) => mayClaim)
    .toSorted((a, b) => b.priority - a.priority || place(a) - place(b) || (outranks(a, b) ? -1 : 1))
    .slice(0, SUCCESSORS_MAX)
    .map(({ nodeId }) => nodeId);
}
