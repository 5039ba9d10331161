import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { answerPing, type PingAnswerParts } from "../membership/ping-answer.ts";
import type { ClusterParts } from "../parts/parts.ts";
import type { PeerRoute } from "../peer-route.ts";
import { readBody } from "../read-body.ts";
import {
  helloReplySchema,
  helloSchema,
  identityDocumentSchema,
  PROTOCOL_VERSION,
  PROTOCOLS_UNDERSTOOD,
  pingReplySchema,
  pingSchema,
} from "../wire.ts";

/** Parsed first: the rest of a hello of another protocol has unknown fields. */
const protocolSchema = z.object({ protocol: z.number().int().positive() });

/** Messages between nodes for meeting and staying in contact. */
export function peerRoutes(
  parts: Omit<PingAnswerParts, "positions" | "peerClones" | "lagMs"> &
    Pick<ClusterParts, "responder" | "clones" | "upkeep">,
): readonly PeerRoute[] {
  const { responder, clones, upkeep, uplink } = parts;
  const { probe, positions, peers: peerClones } = clones;
  const pingParts: PingAnswerParts = {
    ...parts,
    positions,
    peerClones,
    lagMs: () => Math.max(upkeep.lagMs, uplink.lagMs),
  };
  return [
    {
      method: "GET",
      path: "/.well-known/tankd",
      summary: "Who this node is; with ?challenge= also the proof of it",
      query: z.object({ challenge: z.string().max(CHALLENGE_CHARACTERS_MAX).optional() }),
      response: identityDocumentSchema,
      handle: async ({ query }) => {
        const challenge = query["challenge"];
        if (challenge !== undefined && challenge.length > CHALLENGE_CHARACTERS_MAX) {
          const message = `A challenge has at most ${CHALLENGE_CHARACTERS_MAX} characters.`;
          throw new Problem("bad_request", message);
        }
        return { status: 200, body: probe.describe(challenge) };
      },
    },
    {
      method: "POST",
      path: "/api/cluster/hello",
      summary: "The handshake of two nodes, signed both ways",
      request: helloSchema,
      response: helloReplySchema,
      handle: async (request) => {
        const { protocol } = readBody(protocolSchema, request.body);
        if (!PROTOCOLS_UNDERSTOOD.includes(protocol)) {
          const message = `This node speaks protocol ${PROTOCOL_VERSION}, you speak ${protocol}.`;
          throw new Problem("other_protocol", message);
        }
        const body = responder.answer(readBody(helloSchema, request.body), request);
        return { status: 200, body };
      },
    },
    {
      method: "POST",
      path: "/api/cluster/ping",
      summary: "Liveness between nodes, with the changes of the registry since the last one",
      request: pingSchema,
      response: pingReplySchema,
      handle: async ({ body, signer }) => {
        if (signer === undefined) throw new Problem("bad_signature", "Pings must be signed.");
        return {
          status: 200,
          body: answerPing(readBody(pingSchema, body), signer, pingParts) satisfies z.infer<
            typeof pingReplySchema
          >,
        };
      },
    },
  ];
}
