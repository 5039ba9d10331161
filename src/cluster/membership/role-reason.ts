import type { ClusterSettings } from "../deps.ts";
import type { Role } from "../server-record.ts";
import type { LeaseView } from "./lease-keeper.ts";

export interface RoleSituation {
  readonly role: Role;
  /** What the operator wants it to be. */
  readonly wanted: ClusterSettings["role"];
  readonly hasLeft: boolean;
  readonly lease: LeaseView | undefined;
}

/** Why this node has a role that its operator may not expect, in one line; undefined where not. */
export function roleReason({ role, wanted, hasLeft, lease }: RoleSituation): string | undefined {
  if (hasLeft) return "it has left its cluster; it comes back by: tankd join URL, or a restart";
  if (role === "hub" && lease?.isValid === false) {
    return `reads only: it is not known to hold the lease still (${lease.reason ?? lease.state})`;
  }
  if (role === "discovering" && lease !== undefined) {
    return `the lease decides, which is ${lease.state}${lease.reason ? `: ${lease.reason}` : ""}`;
  }
  if (wanted === "hub" && role === "worker") {
    return lease
      ? "the lease is another node's"
      : "another hub leads already; --role hub comes first when a new one is chosen";
  }
  if (wanted === "worker" && role === "discovering") {
    return "it has found no hub, and with --role worker it never becomes one";
  }
  return undefined;
}
