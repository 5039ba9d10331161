import type { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { Handshake } from "../handshake/handshake.ts";
import type { IdentityProbe } from "../handshake/identity-probe.ts";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import type { PeerRoute } from "../peer-route.ts";
import { readBody } from "../read-body.ts";
import {
  helloReplySchema,
  helloSchema,
  identityDocumentSchema,
  type Ping,
  type PingReply,
  pingReplySchema,
  pingSchema,
} from "../wire.ts";

export interface PeerRoutesDeps {
  readonly handshake: Handshake;
  readonly probe: IdentityProbe;
  /** Answers a ping that `signer` has signed. */
  readonly answerPing: (ping: Ping, signer: string) => PingReply;
}

/** What nodes say to each other to meet and to stay in touch. */
export function peerRoutes(withDeps: PeerRoutesDeps): readonly PeerRoute[] {
  const { handshake, probe, answerPing } = withDeps;
  return [
    {
      method: "GET",
      path: "/.well-known/tankd",
      summary: "Who this node is; with ?challenge= also the proof of it",
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
        const body = handshake.answer(readBody(helloSchema, request.body), request);
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
        if (signer === undefined) throw new Problem("bad_signature", "Pings are signed.");
        return {
          status: 200,
          body: answerPing(readBody(pingSchema, body), signer) satisfies z.infer<
            typeof pingReplySchema
          >,
        };
      },
    },
  ];
}
