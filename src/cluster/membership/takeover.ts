/** What a worker knows when its hub is lost to it. Times are monotonic milliseconds. */
export interface HubLoss {
  readonly nowMs: number;
  readonly lostAtMs: number;
  /** Our place on the hub's last list of successors; undefined when we are not on it. */
  readonly place: number | undefined;
  /** The list is not empty. */
  readonly hasSuccessors: boolean;
  readonly mayClaim: boolean;
  /** The hub itself has said that it leaves. */
  readonly hubLeft: boolean;
  /** Its port refuses connections: the process is gone, its machine is not. */
  readonly hubRefuses: boolean;
  /** Before us on that list is one that has just answered and has not claimed yet. */
  readonly earlierAnswers: boolean;
  /** Distinct workers that have reported the same loss, and those that still hear the hub. */
  readonly alsoLost: number;
  readonly stillHeard: number;
  /** Other workers on the copy of the hub's list, and whether we have a whole copy. */
  readonly othersKnown: number;
  readonly hasWholeCopy: boolean;
}

export type TakeoverVerdict =
  /** Ask and be told. */
  | "wait"
  | "claim"
  /** Others hear it: go on through one of them. */
  | "detour"
  /** Nobody is going to claim: start from the beginning. */
  | "rediscover";

/** The second successor leaves the first one this long to claim. */
const SECOND_AFTER_MS = 800;
/**
 * And this long where the first one answers: it is about to claim, or its message that it leads is
 * on its way. Two hubs settle it in 2 to 4 s (measured, 24 nodes on two cores).
 */
const SECOND_AFTER_ANSWER_MS = 3_000;
/** A node that knows no other cannot ask whether only its own link has broken. */
const ALONE_AFTER_MS = 6_000;
const REDISCOVER_AFTER_MS = 5_000;
/** A link that broke may come back. */
const DETOUR_AFTER_MS = 1_500;

/**
 * Whether to take over from a lost hub. The first successor claims on its own loss and one report;
 * so a worker whose own link has broken does not lead beside a living hub (the idea of SWIM's
 * indirect probe, Das, Gupta and Motivala 2002).
 */
export function judgeTakeover(loss: HubLoss): TakeoverVerdict {
  const { place, hubLeft, hubRefuses, mayClaim } = loss;
  const lostForMs = loss.nowMs - loss.lostAtMs;
  const late = lostForMs > REDISCOVER_AFTER_MS;
  if (!hubLeft && loss.stillHeard > 0) return lostForMs > DETOUR_AFTER_MS ? "detour" : "wait";
  if (place === undefined || !mayClaim) {
    // The hub had named nobody, or only itself can be dialled.
    const nobody = !loss.hasSuccessors && (hubLeft || hubRefuses);
    return nobody || late ? "rediscover" : "wait";
  }
  const afterMs = loss.earlierAnswers ? SECOND_AFTER_ANSWER_MS : SECOND_AFTER_MS;
  if (lostForMs < place * afterMs) return "wait";
  const alone = loss.othersKnown === 0;
  const sure = alone
    ? loss.hasWholeCopy || hubRefuses || lostForMs > ALONE_AFTER_MS
    : loss.alsoLost > 0;
  if (hubLeft || sure) return "claim";
  return late && !alone ? "rediscover" : "wait";
}
