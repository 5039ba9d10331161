import type { Nomination } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Member } from "./members.ts";
import { addressesOfMember, hintsOfMember } from "./tags.ts";

/** A member that names the node that it stands for. */
export interface Spokesman {
  readonly member: Member;
  readonly nodeId: string;
}

const ALIVE = "alive";
/**
 * Serf's view may be one-sided: an agent that came back at another address stays failed in the view
 * of some, and one that was told to leave while it lives stays leaving.
 */
const NOMINATED: readonly string[] = [ALIVE, "leaving", "failed"];

/**
 * The members that stand for a node. A node whose agent was restarted has several; then the old
 * ones count only if none is alive.
 */
export function spokesmen(members: readonly Member[]): readonly Spokesman[] {
  const found = members
    .filter(({ status }) => NOMINATED.includes(status))
    .flatMap((member) => {
      const { nodeId } = hintsOfMember(member);
      return nodeId === undefined ? [] : [{ member, nodeId }];
    });
  const alive = new Set(found.filter(isAlive).map(({ nodeId }) => nodeId));
  return found.filter((one) => isAlive(one) || !alive.has(one.nodeId)).slice(0, LIMITS.serversMax);
}

export function isAlive({ member }: Spokesman): boolean {
  return member.status === ALIVE;
}

export function nominationOf({ member }: Spokesman): Nomination {
  return {
    backend: "serf",
    addresses: addressesOfMember(member),
    ...hintsOfMember(member),
    source: member.host,
  };
}
