import type { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { PeerRequest, PeerRoute } from "../peer-route.ts";
import { readBody } from "../read-body.ts";

/** A signed POST whose body is read before it is handled. */
export function signedPost<T>(
  path: string,
  summary: string,
  request: z.ZodType<T>,
  response: z.ZodType,
  { handle }: { handle: (body: T, signer: string, request: PeerRequest) => Promise<unknown> },
): PeerRoute {
  return {
    method: "POST",
    path,
    summary,
    request,
    response,
    handle: async (peerRequest) => {
      const { signer } = peerRequest;
      if (signer === undefined) throw unsigned();
      const body = readBody(request, peerRequest.body);
      return { status: 200, body: await handle(body, signer, peerRequest) };
    },
  };
}

export function unsigned(): Problem {
  return new Problem("bad_signature", "This request must be signed by a node.");
}
