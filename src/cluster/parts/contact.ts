import { Dialer } from "../handshake/dialer.ts";
import { ForeignClusters } from "../handshake/foreign-clusters.ts";
import { GivenHubs } from "../handshake/given-hubs.ts";
import { Handshake } from "../handshake/handshake.ts";
import { Nominations } from "../handshake/nominations.ts";
import { Responder } from "../handshake/responder.ts";
import type { BaseParts } from "./base.ts";

/** Everything from a nomination to a completed handshake. */
export function createContact(base: BaseParts) {
  const { deps, client, role } = base;
  const given = new GivenHubs(deps);
  const foreign = new ForeignClusters(deps.clock);
  const handshake = new Handshake({ ...base, given });
  const responder = new Responder({ ...base, given });
  const dialer = new Dialer(deps, { ...base, handshake });
  client.renew = async (nodeId) => (await dialer.dial(nodeId)).kind === "met";
  const nominations = new Nominations({
    ...base,
    dialer,
    given,
    foreign,
    position: () => ({ role: role.state.role, isSettled: role.isSettled }),
  });
  return { given, foreign, responder, dialer, nominations };
}

export type ContactParts = ReturnType<typeof createContact>;
