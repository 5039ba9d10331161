import { messageOf } from "../errors.ts";
import { NetworkError, type NetworkFailure } from "../network.ts";

const SYSTEM_FAILURES: Readonly<Record<string, readonly [NetworkFailure, string?]>> = {
  ECONNREFUSED: ["refused", "connection refused"],
  ConnectionRefused: ["refused", "connection refused"],
  ETIMEDOUT: ["timeout", "no answer in time"],
  ETIMEOUT: ["timeout", "no answer in time"],
  ENOTFOUND: ["unreachable", "the name is not known"],
  EAI_AGAIN: ["unreachable", "no name server answers"],
  EHOSTUNREACH: ["unreachable", "no route to the host"],
  ENETUNREACH: ["unreachable", "no route to its network"],
  ECONNRESET: ["unreachable", "connection reset"],
  // Of sockets in the file system.
  ENOENT: ["unreachable", "nothing is there"],
  EACCES: ["unreachable", "permission denied"],
};

/**
 * What a system error means, with a few words for people where the kind of failure is not enough.
 */
export function systemFailure(error: unknown): readonly [NetworkFailure, string?] {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SYSTEM_FAILURES[code] ?? ["unreachable"];
}

/** Why `what` has failed, where a way there of another kind may have told it already. */
export function networkErrorOf(error: unknown, what: string): NetworkError {
  const [failure, reason] =
    error instanceof NetworkError ? [error.failure, error.reason] : systemFailure(error);
  return new NetworkError(failure, `${what}: ${messageOf(error)}`, reason);
}
