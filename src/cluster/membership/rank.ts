/** A candidate for hub, with its operator's preference. */
export interface Candidate {
  readonly nodeId: string;
  readonly priority: number;
  readonly mayClaim: boolean;
}

/**
 * Whether `a` is the better hub: by priority, then by node id; both never change. A total order.
 */
export function outranks(a: Candidate, b: Candidate): boolean {
  if (a.mayClaim !== b.mayClaim) return a.mayClaim;
  return a.priority === b.priority ? a.nodeId > b.nodeId : a.priority > b.priority;
}

/** The best of those that may claim. */
export function bestOf<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates
    .filter(({ mayClaim }) => mayClaim)
    .reduce<T | undefined>((best, one) => (best && outranks(best, one) ? best : one), undefined);
}
