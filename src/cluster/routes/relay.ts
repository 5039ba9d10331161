import { Problem } from "../../platform/errors.ts";
import type { ClusterParts } from "../parts/parts.ts";
import type { PeerRoute } from "../peer-route.ts";
import { readBody } from "../read-body.ts";
import { RELAY_PATH, relayedReplySchema, relaySchema } from "../tunnel/messages.ts";

/** Requests that a node passes on to nodes that others cannot dial. */
export function relayRoutes({ relays }: Pick<ClusterParts, "relays">): readonly PeerRoute[] {
  return [
    {
      method: "POST",
      path: RELAY_PATH("{node_id}"),
      summary: "Pass a signed request on to a node that the sender cannot dial, unread",
      request: relaySchema,
      response: relayedReplySchema,
      handle: async (request) => {
        const { signer, params, body } = request;
        if (signer === undefined)
          throw new Problem("bad_signature", "This request must be signed by a node.");
        const relay = readBody(relaySchema, body);
        return {
          status: 200,
          body: await relays.relay(params["node_id"] ?? "", relay, request),
        };
      },
    },
  ];
}
