import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError, type NetworkFailure } from "../../platform/network.ts";
import type { Timers } from "../../platform/timers.ts";
import type { DialTarget } from "../peers/dial-policy.ts";
import { type DialResult, failed } from "./meeting.ts";

/** The next address of a node is tried when the one before has kept silent this long (RFC 8305, section 5). */
const NEXT_ADDRESS_MS = 250;
/** Failures that a node which is about to start shows, too. */
const SILENCES: ReadonlySet<NetworkFailure> = new Set(["timeout", "refused", "unreachable"]);

/** Tries the addresses of one node, each a moment after the one before; the first that is met counts. */
export function raceTargets<T>(
  timers: Timers,
  targets: readonly DialTarget[],
  attempt: (target: DialTarget) => Promise<DialResult<T>>,
): Promise<DialResult<T>> {
  return new Promise((resolve) => {
    let open = targets.length;
    let last: DialResult<T> = failed("no address");
    if (open === 0) resolve(last);
    const cancels = targets.map((target, index) =>
      timers.after(index * NEXT_ADDRESS_MS, async () => {
        const result = await outcomeOf(attempt(target));
        open--;
        // "failed" says least: an address of ours or of another cluster is a better reason.
        if (result.kind !== "failed" || last.kind === "failed") last = result;
        if (result.kind !== "met" && open > 0) return;
        for (const cancel of cancels) cancel();
        resolve(last);
      }),
    );
  });
}

async function outcomeOf<T>(attempt: Promise<DialResult<T>>): Promise<DialResult<T>> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof NetworkError) return failed(error.reason, SILENCES.has(error.failure));
    if (error instanceof Problem) return failed(error.message);
    return failed(`bug: ${messageOf(error)}`);
  }
}
