import type { ClusterSettings } from "../deps.ts";
import type { Role } from "../server-record.ts";

export interface RoleSituation {
  readonly role: Role;
  /** What the operator wants it to be. */
  readonly wanted: ClusterSettings["role"];
  readonly hasLeft: boolean;
}

/** Why this node has a role that its operator may not expect, in one line; undefined where not. */
export function roleReason({ role, wanted, hasLeft }: RoleSituation): string | undefined {
  if (hasLeft) return "it has left its cluster; it comes back by: tankd join URL, or a restart";
  if (wanted === "hub" && role === "worker") {
    return "another hub leads already; --role hub comes first when a new one is chosen";
  }
  if (wanted === "worker" && role === "discovering") {
    return "it has found no hub, and with --role worker it never becomes one";
  }
  return undefined;
}
