/** What a worker knows when it has lost its hub. Times are monotonic milliseconds. */
export interface HubLoss {
  readonly nowMs: number;
  readonly lostAtMs: number;
  /** This node's place on the hub's last list of successors; undefined if it is not on it. */
  readonly place: number | undefined;
  /** The list is not empty. */
  readonly hasSuccessors: boolean;
  readonly mayClaim: boolean;
  /** The hub itself has announced that it leaves. */
  readonly hubLeft: boolean;
  /** Its port refuses connections: the process is gone, but its machine is not. */
  readonly hubRefuses: boolean;
  /** An earlier successor on that list has just answered and has not claimed yet. */
  readonly earlierAnswers: boolean;
  /**
   * The number of distinct workers that have reported the same loss, and of those that still hear
   * the hub.
   */
  readonly alsoLost: number;
  readonly stillHeard: number;
  /** Other workers in the copy of the hub's list, and whether the copy is complete. */
  readonly othersKnown: number;
  readonly hasWholeCopy: boolean;
}

export type TakeoverVerdict =
  /** Keep asking and answering. */
  | "wait"
  | "claim"
  /** Others hear it: continue through one of them. */
  | "detour"
  /** Nobody is going to claim: start from the beginning. */
  | "rediscover";

/** The second successor waits this long for the first one to claim. */
const SECOND_AFTER_MS = 800;
/**
 * And this long if the first one answers: it is about to claim, or its message that it leads is on
 * its way. Two hubs would need 2 to 4 s to settle it (measured, 24 nodes on two cores).
 */
const SECOND_AFTER_ANSWER_MS = 3_000;
/** A node that knows no other cannot ask whether only its own link is broken. */
const ALONE_AFTER_MS = 6_000;
const REDISCOVER_AFTER_MS = 5_000;
/** A broken link may come back. */
const DETOUR_AFTER_MS = 1_500;

/**
 * Whether to take over from a lost hub. The first successor claims on its own loss and one report,
 * so a worker whose own link is broken does not lead beside a live hub (the idea of SWIM's indirect
 * probe, Das, Gupta and Motivala 2002).
 */
export function judgeTakeover(loss: HubLoss): TakeoverVerdict {
  const { place, hubLeft, hubRefuses, mayClaim } = loss;
  const lostForMs = loss.nowMs - loss.lostAtMs;
  const late = lostForMs > REDISCOVER_AFTER_MS;
  if (!hubLeft && loss.stillHeard > 0) return lostForMs > DETOUR_AFTER_MS ? "detour" : "wait";
  if (place === undefined || !mayClaim) {
    // The hub had named nobody, or only the hub can be dialled.
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
