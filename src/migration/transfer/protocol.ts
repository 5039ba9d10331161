import { createHash } from "node:crypto";
import { z } from "zod";
import type { PeerReply } from "../../cluster/peer-route.ts";
import { LIMITS } from "../../platform/limits.ts";
import { ENTITY_TYPES } from "../../store/rows.ts";
import { certificatesSchema } from "../moves/certificate.ts";

/**
 * The messages of two nodes about one transfer; `docs/protocol.md` specifies their use. Both
 * requests are answered with a {@link Decision}, or with something that decides nothing.
 */

export const TRANSFER_PATH = "/api/remote-transfer";
export const BATCH_PATH = "/api/remote-transfers";
export const ABORT_PATH = "/api/transfers/{transfer_id}/abort";

/** Header of the reply: the journal position of the deciding node (`PositionStatement`). */
export const POSITION_HEADER = "tankd-position";

export function abortPath(transferId: string): string {
  return ABORT_PATH.replace("{transfer_id}", transferId);
}

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const transferId = z.string().regex(/^[0-9a-f]{32}$/, "must be 32 hex digits");
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex digits");

/** Base64 encodes three bytes as four characters. */
const recordCharactersMax = 4 * Math.ceil(LIMITS.entityRecordBytesMax / 3);

/** The fields of both requests: the transfer, its tanks, and its place in their sequence. */
const subject = {
  version: z.literal(1),
  transfer_id: transferId,
  source: z.strictObject({ node_id: name, tank_id: name }),
  destination: z.strictObject({ tank_id: name }),
  /** Counts the transfers of one (source tank, destination tank), from 1. */
  sequence: z.number().int().positive(),
  /** Every transfer of the pair below this one is settled at the source. */
  lowest_undecided: z.number().int().positive(),
  /** SHA-256 of the record's bytes: an id is bound to one content. */
  digest: sha256Hex,
  /** That the sender acts for the source: the way of the source tank to it since. */
  proof: certificatesSchema.optional(),
};

const lowestFirst = (request: { sequence: number; lowest_undecided: number }) =>
  request.lowest_undecided <= request.sequence;
const lowestFirstMessage = "a transfer is undecided itself: lowest_undecided ≤ sequence";

export const transferRequestSchema = z
  .strictObject({
    ...subject,
    entity_type: z.enum(ENTITY_TYPES),
    /** The wall through which it left; it enters through the opposite one. */
    side: z.enum(["left", "right"]),
    record: z.base64().min(4).max(recordCharactersMax),
  })
  .refine(lowestFirst, lowestFirstMessage);
export type TransferRequest = z.infer<typeof transferRequestSchema>;

/** Many transfers at once. Each is judged for itself, as if it had come alone. */
export const batchRequestSchema = z.strictObject({
  version: z.literal(1),
  transfers: z.array(transferRequestSchema).min(1).max(LIMITS.transfersPerBatchMax),
});

/** Status and body of each transfer's own answer, in their order. */
export const batchReplySchema = z.strictObject({
  answers: z.array(z.strictObject({ status: z.number().int(), body: z.unknown() })),
});

export const abortRequestSchema = z.strictObject(subject).refine(lowestFirst, lowestFirstMessage);
export type AbortRequest = z.infer<typeof abortRequestSchema>;

export const decisionSchema = z.strictObject({
  transfer_id: transferId,
  /** The node and the tank that decided. */
  node_id: name,
  tank_id: name,
  /** Epoch of the tank; 0 where an abort was granted for a tank that is not there. */
  epoch: z.number().int().nonnegative(),
  /** `stale`: older than this node's memory. It decides nothing. */
  decision: z.enum(["accepted", "refused", "aborted", "stale"]),
  reason: z.string().max(200).nullable(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** A decision that ends an escrow. */
export type Verdict = Exclude<Decision["decision"], "stale">;

/** The destination of a transfer: no other node can settle it. */
export interface Addressee {
  readonly transfer_id: string;
  readonly destination_node_id: string;
  readonly destination_tank_id: string;
}

/**
 * The decision in an answer, if it is one: status 200 and a strict body that names this transfer,
 * and the node and the tank that it was sent to. Everything else decides nothing.
 */
export function decisionIn(reply: PeerReply, sentTo: Addressee): Decision | undefined {
  if (reply.status !== 200) return undefined;
  const parsed = decisionSchema.safeParse(reply.body);
  if (!parsed.success) return undefined;
  const decision = parsed.data;
  const fromAddressee =
    decision.transfer_id === sentTo.transfer_id &&
    decision.node_id === sentTo.destination_node_id &&
    decision.tank_id === sentTo.destination_tank_id;
  return fromAddressee ? decision : undefined;
}

const problemSchema = z.looseObject({
  type: z.string().max(100),
  retry_after_ms: z.number().nonnegative().optional(),
});

/** The stable code of a refused request (RFC 9457 `type`), and the requested pause, if any. */
export function problemIn(reply: PeerReply): { code: string; retryAfterMs: number } {
  const parsed = problemSchema.safeParse(reply.body);
  const pauseMs = retryAfterMsIn(reply);
  if (!parsed.success) return { code: `status_${reply.status}`, retryAfterMs: pauseMs };
  const { type, retry_after_ms } = parsed.data;
  return { code: type.replace(/^urn:tankd:problem:/, ""), retryAfterMs: retry_after_ms ?? pauseMs };
}

/** Of the header in its form of seconds (RFC 9110, section 10.2.3), which proxies give, too. */
function retryAfterMsIn({ headers = {} }: PeerReply): number {
  const seconds = /^\d{1,6}$/.exec(headers["retry-after"] ?? "")?.[0];
  return seconds === undefined ? 0 : Number(seconds) * 1000;
}

export function digestOf(record: Uint8Array): string {
  return createHash("sha256").update(record).digest("hex");
}

/** The foreign shapes (Tank World, both forms), and entities of kinds that do not travel. */
export function isForeignEntity(
  body: unknown,
  query: Readonly<Record<string, string>> = {},
): boolean {
  // The older form: the bare entity as body, the tanks in the query (seed 001).
  if ("destination_tank_id" in query) return true;
  if (typeof body !== "object" || body === null) return false;
  if ("entity_data" in body || "destination_world_id" in body) return true;
  if (!("entity_type" in body)) return false;
  return !ENTITY_TYPES.some((type) => type === body.entity_type);
}
