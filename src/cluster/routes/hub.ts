import { DIAL_BACK_PATH, dialBackReplySchema, dialBackSchema } from "../checkup/dial-back.ts";
import { HINT } from "../handshake/nominations.ts";
import { prove } from "../identity/proof.ts";
import { CASE_PATH } from "../membership/case-exchange.ts";
import {
  caseReplySchema,
  caseSchema,
  leadSchema,
  movedSchema,
  notedSchema,
  witnessReplySchema,
  witnessRequestSchema,
} from "../membership/hub-messages.ts";
import { LEAD_PATH, MOVED_PATH } from "../membership/hub-seat.ts";
import { WITNESS_PATH } from "../membership/witnesses.ts";
import type { ClusterParts } from "../parts/parts.ts";
import type { PeerRoute } from "../peer-route.ts";
import { dialable } from "../peers/dial-policy.ts";
import { readBody } from "../read-body.ts";
import { directClaimant } from "../registry/claimant.ts";
import type { ForwardedEndpoint } from "./registration-endpoints.ts";
import { signedPost, unsigned } from "./signed-post.ts";

/** Two hubs exchange their cases here, also through a worker of one of them. */
export function caseEndpoint({
  deps,
  contests,
}: Pick<ClusterParts, "deps" | "contests">): ForwardedEndpoint {
  return {
    method: "POST",
    path: CASE_PATH,
    summary: "Two hubs show each other who follows them",
    request: caseSchema,
    response: caseReplySchema,
    status: 200,
    answer: ({ body }, { signer, via }) => {
      if (signer === undefined) throw unsigned();
      const hubCase = readBody(caseSchema, body);
      const ours = contests.answer(hubCase, signer, via);
      return { status: 200, body: prove(deps.identity, hubCase.challenge, ours) };
    },
  };
}

/** Messages of hubs to their workers and to each other, and questions that any member may ask. */
export function hubRoutes(
  parts: Pick<
    ClusterParts,
    | "deps"
    | "forwarder"
    | "contests"
    | "dialBack"
    | "witnesses"
    | "uplink"
    | "nominations"
    | "policy"
    | "ownHost"
    | "role"
  >,
): readonly PeerRoute[] {
  const { forwarder, role, dialBack, witnesses, uplink, nominations } = parts;
  const endpoint = caseEndpoint(parts);
  return [
    {
      ...endpoint,
      handle: async (request) => {
        const claimant = directClaimant(request, parts.ownHost());
        // Two hubs that only this worker reaches hold their contest through it.
        const hub = role.isSettled ? (role.state.via ?? role.state.hub) : undefined;
        if (hub !== undefined) {
          return forwarder.passOn(request, claimant, hub);
        }
        return endpoint.answer(request, claimant);
      },
    },
    signedPost(
      DIAL_BACK_PATH,
      "A member asks whether it can be dialled where it says that it is",
      dialBackSchema,
      dialBackReplySchema,
      {
        handle: async (_, signer, { remoteAddress }) => ({
          addresses: await dialBack.answer(signer, remoteAddress),
        }),
      },
    ),
    signedPost(
      WITNESS_PATH,
      "A hub asks a worker to dial a node",
      witnessRequestSchema,
      witnessReplySchema,
      {
        handle: async (body, signer) => ({ statement: await witnesses.testify(body, signer) }),
      },
    ),
    signedPost(LEAD_PATH, "A new hub says that it leads", leadSchema, notedSchema, {
      handle: async ({ boot_id, addresses }, signer, { remoteAddress }) => {
        const allowed = dialable(addresses, parts.policy(), remoteAddress);
        const hint = { backend: HINT, nodeId: signer, bootId: boot_id, source: remoteAddress };
        nominations.nominate({ ...hint, role: "hub", addresses: allowed });
        return { noted: uplink.noteLead(signer) };
      },
    }),
    signedPost(MOVED_PATH, "A hub says where it is now", movedSchema, notedSchema, {
      handle: async ({ addresses }, signer, { remoteAddress }) => {
        const allowed = dialable(addresses, parts.policy(), remoteAddress);
        return { noted: uplink.noteMoved(signer, allowed) };
      },
    }),
  ];
}
