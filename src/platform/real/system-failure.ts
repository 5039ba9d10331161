import { messageOf } from "../errors.ts";
import { NetworkError, type NetworkFailure } from "../network.ts";
import { hasFreeDescriptors } from "./descriptors.ts";

const SYSTEM_FAILURES: Readonly<Record<string, readonly [NetworkFailure, string?]>> = {
  ECONNREFUSED: ["refused", "connection refused"],
  ConnectionRefused: ["refused", "connection refused"],
  ETIMEDOUT: ["timeout", "no answer in time"],
  ETIMEOUT: ["timeout", "no answer in time"],
  ENOTFOUND: ["unreachable", "unknown name"],
  EAI_AGAIN: ["unreachable", "no name server answers"],
  EHOSTUNREACH: ["unreachable", "no route to the host"],
  ENETUNREACH: ["unreachable", "no route to its network"],
  ECONNRESET: ["unreachable", "connection reset"],
  // Sockets in the file system.
  ENOENT: ["unreachable", "no such socket"],
  EACCES: ["unreachable", "permission denied"],
};

/**
 * The kind of a system error, with a short description if the kind is not specific enough. Without
 * free descriptors Bun reports refused connections and unknown names, which says nothing of others.
 */
export function systemFailure(error: unknown): readonly [NetworkFailure, string?] {
  if (!hasFreeDescriptors()) return ["busy", "too many files and connections are open here"];
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // The parser of HTTP has as many codes as there are ways not to be HTTP.
  if (code.startsWith("HPE_")) return ["unreachable", "what answers there does not speak HTTP"];
  return SYSTEM_FAILURES[code] ?? ["unreachable"];
}

/** The failure of `what`; a NetworkError of a custom connection is kept. */
export function networkErrorOf(error: unknown, what: string): NetworkError {
  const [failure, reason] =
    error instanceof NetworkError ? [error.failure, error.reason] : systemFailure(error);
  return new NetworkError(failure, `${what}: ${messageOf(error)}`, reason);
}
