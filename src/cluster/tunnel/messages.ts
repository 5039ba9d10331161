import { z } from "zod";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { nameSchema } from "../wire-names.ts";

/** Where a relay is asked to pass a request on to a node; the node itself takes it there, too. */
export const RELAY_PATH = (nodeId: string) => `/api/cluster/relay/${nodeId}`;
/** Where a node that nobody can dial opens its tunnel. */
export const TUNNEL_PATH = "/api/cluster/tunnel";
/** Bears {@link signReply}. */
export const PROOF_HEADER = "tankd-proof";

/**
 * The headers of a request that a relay passes on: those that a signature needs, and no credentials
 * of people.
 */
const requestHeaders = z.object({
  accept: z.string().max(256).optional(),
  "content-type": z.string().max(128).optional(),
  "signature-input": z.string().max(512).optional(),
  signature: z.string().max(256).optional(),
  "content-digest": z.string().max(128).optional(),
  "tankd-audience": nameSchema.optional(),
  "idempotency-key": z.string().max(256).optional(),
});

const path = z.string().startsWith("/").max(LIMITS.relayedPathCharactersMax);
const source = z.string().max(64).refine(isIpLiteral, { error: "not an IP address" });

/** A request for a node that its sender cannot dial, as it was signed for that node. */
export const relayedRequestSchema = z.object({
  method: z.enum(["GET", "POST", "DELETE"]),
  path,
  headers: requestHeaders,
  body: z.string().max(LIMITS.requestBodyBytesMax),
});
export type RelayedRequest = z.infer<typeof relayedRequestSchema>;

/** What a relay is asked, and what it passes on to the node itself. */
export const relaySchema = z.object({
  request: relayedRequestSchema,
  /** The IP from which the relay has it. */
  source: source.optional(),
  timeout_ms: z.number().int().positive(),
});
export type Relay = z.infer<typeof relaySchema>;

/** The answer of the node behind the relay. */
export const relayedReplySchema = z.object({
  status: z.number().int().min(200).max(599),
  headers: z.record(z.string().max(64), z.string().max(4096)),
  body: z.string().max(LIMITS.peerResponseBytesMax),
});
export type RelayedReply = z.infer<typeof relayedReplySchema>;

/** A request on its way down a tunnel. */
export const tunnelRequestSchema = z.object({ request: relayedRequestSchema, source });
export type TunnelRequest = z.infer<typeof tunnelRequestSchema>;

/** A viewer on its way down a tunnel. */
export const tunnelWatchSchema = z.object({ path, source });
export type TunnelWatch = z.infer<typeof tunnelWatchSchema>;

/** The end of a viewer: a close code of WebSockets, or a refusal before it began. */
export const tunnelEndSchema = z.object({
  code: z.number().int().min(1000).max(4999),
  reason: z.string().max(128),
});
export type TunnelEnd = z.infer<typeof tunnelEndSchema>;
