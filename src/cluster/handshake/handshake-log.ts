import { formatHostPort } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import type { ClusterDeps } from "../deps.ts";
import type { DialTarget } from "../peers/dial-policy.ts";
import type { DialResult, Meeting } from "./meeting.ts";
import { outcomeOf } from "./race.ts";

type Deps = Pick<ClusterDeps, "clock" | "log">;

/** Logs an attempt to shake hands at one address, and how it ended. */
export async function logDial(
  { clock, log }: Deps,
  { target, expected }: { readonly target: DialTarget; readonly expected: string | undefined },
  attempt: Promise<DialResult>,
): Promise<DialResult> {
  const startMs = clock.monotonicMs();
  const result = await outcomeOf(attempt);
  log.debug("handshake", {
    direction: "out",
    node_id: result.kind === "met" ? result.meeting.document.node_id : expected,
    address: formatHostPort(target),
    relay: target.relay,
    outcome: result.kind,
    reason: reasonOf(result),
    duration_ms: Math.round(clock.monotonicMs() - startMs),
  });
  return result;
}

function reasonOf(result: DialResult<Meeting>): string | undefined {
  if (result.kind === "failed") return result.reason;
  if (result.kind === "foreign") return `cluster ${result.cluster}`;
  return result.kind === "self" ? "it is this node" : undefined;
}

/** Logs a handshake that another node began, and why it was refused. */
export function logAnswer<T>(
  { clock, log }: Deps,
  { nodeId, address }: { readonly nodeId: string | undefined; readonly address: string },
  answer: () => T,
): T {
  const startMs = clock.monotonicMs();
  const tell = (outcome: "met" | "refused", reason?: string) =>
    log.debug("handshake", {
      direction: "in",
      node_id: nodeId,
      address,
      outcome,
      reason,
      duration_ms: Math.round(clock.monotonicMs() - startMs),
    });
  try {
    const answered = answer();
    tell("met");
    return answered;
  } catch (error) {
    if (error instanceof Problem) tell("refused", error.message);
    throw error;
  }
}
