import { z } from "zod";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { PROOF_HEADER } from "../identity/proof.ts";
import { nameSchema } from "../wire-names.ts";

/**
 * The route at which a relay accepts a request for another node; the receiving node uses it, too.
 */
export const RELAY_PATH = (nodeId: string) => `/api/cluster/relay/${nodeId}`;
/** The route at which a node that nobody can dial opens its tunnel. */
export const TUNNEL_PATH = "/api/cluster/tunnel";

/** A header value that every HTTP library accepts. */
const headerText = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .regex(/^[ -~]*$/, { error: "not a valid header value" });
const header = (charactersMax: number) => headerText(charactersMax).optional();

/**
 * The headers that a relay passes on: those that a signature needs, and no credentials of people.
 */
const requestHeaders = z.object({
  accept: header(256),
  "content-type": header(128),
  "signature-input": header(512),
  signature: header(256),
  "content-digest": header(128),
  "tankd-audience": nameSchema.optional(),
  "idempotency-key": header(256),
});

const path = z.string().startsWith("/").max(LIMITS.relayedPathCharactersMax);
const source = z.string().max(64).refine(isIpLiteral, { error: "not an IP address" });

/** A request for a node that its sender cannot dial, as signed for that node. */
export const relayedRequestSchema = z.object({
  method: z.enum(["GET", "POST", "DELETE"]),
  path,
  headers: requestHeaders,
  body: z.string().max(LIMITS.requestBodyBytesMax),
});
export type RelayedRequest = z.infer<typeof relayedRequestSchema>;

/** The request to a relay, and from the relay to the node itself. */
export const relaySchema = z.object({
  request: relayedRequestSchema,
  /** The IP from which the relay received it. */
  source: source.optional(),
  timeout_ms: z.number().int().positive(),
});
export type Relay = z.infer<typeof relaySchema>;

/**
 * The answer headers that matter to a requester behind a relay. No others: behind a balancer they
 * would be this node's own, and the answering node may be anybody's.
 */
export const REPLY_HEADERS: readonly string[] = [
  "content-type",
  "retry-after",
  "cache-control",
  "tankd-position",
];
const replyHeaderName = z
  .string()
  .refine((name) => [...REPLY_HEADERS, PROOF_HEADER].includes(name));
/** Answers that have no body (Fetch, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The answer of the node behind the relay. */
export const relayedReplySchema = z.object({
  status: z
    .number()
    .int()
    .min(200)
    .max(599)
    .refine((status) => !BODILESS.has(status)),
  headers: z.record(replyHeaderName, headerText(4096)),
  body: z.string().max(LIMITS.peerResponseBytesMax),
});
export type RelayedReply = z.infer<typeof relayedReplySchema>;

/** A request in a tunnel. */
export const tunnelRequestSchema = z.object({ request: relayedRequestSchema, source });
export type TunnelRequest = z.infer<typeof tunnelRequestSchema>;

/** A viewer in a tunnel. */
export const tunnelWatchSchema = z.object({ path, source });
export type TunnelWatch = z.infer<typeof tunnelWatchSchema>;

/** The end of a viewer: a close code of WebSockets, or a refusal before it began. */
export const tunnelEndSchema = z.object({
  code: z.number().int().min(1000).max(4999),
  reason: z.string().max(128),
});
export type TunnelEnd = z.infer<typeof tunnelEndSchema>;

const passedOnSchema = z.object({ source });

/** Whether the body says that the sender received the request from another node. */
export function isPassedOn(body: string): boolean {
  try {
    return passedOnSchema.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

/** A wait beyond a peer's own timeout is of no use. */
export const RELAY_TIMEOUT_MAX_MS = 30_000;

/** How long an answer is awaited, milliseconds. */
export function timeoutOf({ timeout_ms }: Relay): number {
  return Math.min(timeout_ms, RELAY_TIMEOUT_MAX_MS);
}
