import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError, type NetworkFailure } from "../../platform/network.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { DialTarget } from "../peers/dial-policy.ts";
import { type DialResult, failed } from "./meeting.ts";

/**
 * The next address of a node is tried if the previous one has not connected within this time (RFC
 * 8305, section 5). Once there is a connection, its answer is awaited: a busy machine accepts
 * connections at once, and asking it at all its addresses would not make it faster.
 */
const NEXT_ADDRESS_MS = 250;
/** Failures that a node which is about to start also shows. */
const SILENCES: ReadonlySet<NetworkFailure> = new Set([
  "timeout",
  "unconnected",
  "refused",
  "unreachable",
]);

/** Tries one address; calls back when a connection is established. */
export type Attempt<T> = (target: DialTarget, onConnected: () => void) => Promise<DialResult<T>>;

/**
 * Tries the addresses of one node: the next one when the previous fails or does not connect. The
 * first that is met counts.
 */
export function raceTargets<T>(
  timers: Timers,
  targets: readonly DialTarget[],
  attempt: Attempt<T>,
): Promise<DialResult<T>> {
  return new Promise((resolve) => {
    let begun = 0;
    let ended = 0;
    let last: DialResult<T> = failed("no address");
    let cancelNext: Cancel = () => {};
    const tryNext = async (): Promise<void> => {
      cancelNext();
      const target = targets[begun++];
      if (target === undefined) return;
      const cancelThis = timers.after(NEXT_ADDRESS_MS, () => void tryNext());
      cancelNext = cancelThis;
      const result = await outcomeOf(attempt(target, cancelThis));
      ended++;
      // "failed" is the least specific: an address of this node or of another cluster is a better
      // reason.
      if (result.kind !== "failed" || last.kind === "failed") last = result;
      if (result.kind === "met" || ended === targets.length) {
        begun = targets.length;
        cancelNext();
        resolve(last);
      } else {
        void tryNext();
      }
    };
    if (targets.length === 0) resolve(last);
    else void tryNext();
  });
}

/** What an attempt comes to; errors of the network and of the other node are failures. */
export async function outcomeOf<T>(attempt: Promise<DialResult<T>>): Promise<DialResult<T>> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof NetworkError) return failed(error.reason, SILENCES.has(error.failure));
    if (error instanceof Problem) return failed(error.message);
    return failed(`bug: ${messageOf(error)}`);
  }
}
