import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { nodeIdOf } from "../identity/identity.ts";
import type { PeerRoute } from "../peer-route.ts";
import { plainAddress } from "../peers/dial-policy.ts";
import { readBody } from "../read-body.ts";
import type { OwnClones } from "./own-clones.ts";
import type { PeerClones } from "./peer-clones.ts";
import { isPresent, presenceProofSchema } from "./presence.ts";

/** Shows a node the proof that another one with its key was started earlier and is alive. */
export const CLONE_NOTICE_PATH = "/api/cluster/copied";
/** Answers a challenge in a message (`presence_challenges`). */
export const PRESENCE_PATH = "/api/cluster/presence";

const cloneNoticeSchema = z.object({ proof: presenceProofSchema });
const presenceAnswerSchema = z.object({
  public_key: z.string().length(43),
  proof: presenceProofSchema,
});
export type PresenceAnswer = z.infer<typeof presenceAnswerSchema>;
const notedSchema = z.object({ noted: z.literal(true) });

/** Routes between nodes about two starts of one node. */
export function cloneRoutes(detection: {
  readonly own: OwnClones;
  readonly peers: PeerClones;
}): readonly PeerRoute[] {
  const { own, peers } = detection;
  return [
    {
      method: "POST",
      path: CLONE_NOTICE_PATH,
      summary: "Proves to this node that another one with its key is alive",
      request: cloneNoticeSchema,
      response: notedSchema,
      handle: async ({ body, remoteAddress }) => {
        const { proof } = readBody(cloneNoticeSchema, body);
        own.judge(proof, `elsewhere, as ${plainAddress(remoteAddress)} says`);
        return { status: 200, body: { noted: true } };
      },
    },
    {
      method: "POST",
      path: PRESENCE_PATH,
      summary: "One of two starts of a node proves that it is alive",
      request: presenceAnswerSchema,
      response: notedSchema,
      handle: async ({ body, signer }) => {
        const { public_key: key, proof } = readBody(presenceAnswerSchema, body);
        if (signer === undefined || nodeIdOf(key) !== signer || !isPresent(key, signer, proof)) {
          throw new Problem("bad_signature", "A start of a node proves its own presence.");
        }
        peers.witness(signer, proof);
        return { status: 200, body: { noted: true } };
      },
    },
  ];
}
