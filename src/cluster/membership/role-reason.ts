import type { ClusterSettings } from "../deps.ts";
import type { Role } from "../server-record.ts";
import type { LeaseView } from "./lease-keeper.ts";

export interface RoleSituation {
  readonly role: Role;
  /** The role in the operator's settings. */
  readonly wanted: ClusterSettings["role"];
  readonly hasLeft: boolean;
  readonly lease: LeaseView | undefined;
}

/**
 * Why this node has a role that its operator may not expect, in one line; undefined if it is as
 * expected.
 */
export function roleReason({ role, wanted, hasLeft, lease }: RoleSituation): string | undefined {
  if (hasLeft) return "it has left its cluster; to return: tankd join URL, or a restart";
  if (role === "hub" && lease?.isValid === false) {
    const { state, reason, abstention } = lease;
    const why = abstention ?? (state === "free" ? "its lease has run out" : reason);
    return `reads only: it is not known to hold the lease still${why ? ` (${why})` : ""}`;
  }
  if (role === "discovering" && lease !== undefined) return waitingReason(lease, wanted);
  if (wanted === "hub" && role === "worker") {
    return lease
      ? "the lease decides, and another node holds it"
      : "another hub leads already; --role hub comes first when a new one is chosen";
  }
  if (wanted === "worker" && role === "discovering") {
    return "it has found no hub, and with --role worker it never becomes one";
  }
  return undefined;
}

/** Why the lease has not made this node the hub. */
function waitingReason(lease: LeaseView, wanted: ClusterSettings["role"]): string {
  if (lease.state === "held") return "it has just been given the lease";
  if (lease.state === "free") {
    if (wanted === "worker")
      return "the lease is free, and with --role worker this node never takes it";
    return `the lease is free; ${lease.abstention ?? "nobody has taken it yet"}`;
  }
  if (lease.state === "unknown") return `the holder of the lease is unknown: ${lease.reason}`;
  return `the lease is held by ${lease.holder}, which does not answer as hub`;
}
