import { type Candidate, outranks } from "./election.ts";

/** What another worker answered when it was asked about a silent hub. */
export interface Opinion extends Candidate {
  /** It has lost the hub too. Null: it follows another, or none. */
  readonly lost: boolean | null;
  readonly atMs: number;
}

export interface Suspicion {
  readonly self: Candidate;
  readonly nowMs: number;
  readonly suspectedAtMs: number;
  readonly opinions: readonly Opinion[];
  /** Workers that were online when the hub fell silent, without ourselves. */
  readonly othersKnown: number;
  /** The hub itself has said that it leaves. */
  readonly hubLeft: boolean;
}

export type Verdict =
  /** Ask again shortly. */
  | "wait"
  | "claim"
  /** Nobody is going to claim: start from the beginning. */
  | "rediscover";

/** An answer counts this long; everybody is asked again more often. */
const OPINION_FRESH_MS = 1_200;
/** A better candidate that has lost the hub too gets this long to claim. */
const BETTER_CANDIDATE_MS = 2_500;
/** After this long without any answer we are alone, and lead whoever is alone with us. */
const ISOLATED_MS = 2_000;
/** A node that may not claim looks for a hub anew after this long. */
const LEADERLESS_MS = 5_000;

/**
 * Whether to take over from a hub that has fallen silent. One worker's word is not enough where there
 * are others: its own link may be what broke (the idea of SWIM's indirect probe, Das, Gupta and
 * Motivala 2002, and of Lifeguard's suspicion, Dadgar, Phillips and Currey 2018).
 */
export function judgeTakeover(suspicion: Suspicion): Verdict {
  const { self, nowMs, suspectedAtMs, othersKnown } = suspicion;
  const silentMs = nowMs - suspectedAtMs;
  const fresh = suspicion.opinions.filter(({ atMs }) => atMs > nowMs - OPINION_FRESH_MS);
  if (!suspicion.hubLeft && fresh.some(({ lost }) => lost === false)) return "wait";
  if (!self.mayClaim) return silentMs > LEADERLESS_MS ? "rediscover" : "wait";
  const others = fresh.filter(({ lost }) => lost !== false);
  const better = others.some((other) => other.mayClaim && outranks(other, self));
  if (better) return silentMs > BETTER_CANDIDATE_MS ? "claim" : "wait";
  if (othersKnown === 0 || suspicion.hubLeft) return "claim";
  if (fresh.some(({ lost }) => lost === true)) return "claim";
  return silentMs > ISOLATED_MS ? "claim" : "wait";
}

/** Who takes over from the hub, of the workers that are online: known to all beforehand. */
export function successorOf(workers: readonly Candidate[]): string | undefined {
  const able = workers.filter(({ mayClaim }) => mayClaim);
  return able.reduce<Candidate | undefined>(
    (best, one) => (best && outranks(best, one) ? best : one),
    undefined,
  )?.nodeId;
}
