import { z } from "zod";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { addressesSchema, nameSchema } from "../wire-names.ts";
import { followStatementSchema } from "./follow-statement.ts";
import { witnessStatementSchema } from "./witness.ts";

/** Messages between hubs, and from a hub to its followers, besides answers to pings. */
const challenge = z.string().min(16).max(CHALLENGE_CHARACTERS_MAX);
const proof = z.string().max(128);

/** Follow statements in one case: enough to count, few enough to verify in a few milliseconds. */
export const FOLLOWS_SHOWN_MAX = 64;
/** Two are needed; more could only outnumber more followers. */
export const WITNESSES_MAX = 2;

/** Why this hub should stay when two have met. */
const caseShape = {
  boot_id: nameSchema,
  priority: z.number().int().min(0),
  may_claim: z.boolean(),
  /** Proof that the sender knows the cluster's secret, if there is one. */
  member: z.string().max(64).optional(),
  /** Its own setting names the other as its hub. */
  defers: z.boolean(),
  /** Whether the sender can dial the other; null before it has tried. */
  dials_you: z.boolean().nullable(),
  follows: z.array(followStatementSchema).max(FOLLOWS_SHOWN_MAX),
  /** Statements of nodes that could not dial the other. */
  witnesses: z.array(witnessStatementSchema).max(WITNESSES_MAX),
  /** The hub that stays, in the sender's view; null before it has judged. */
  winner: nameSchema.nullable(),
};

export const caseSchema = z.object({ challenge, ...caseShape });
export type HubCase = z.infer<typeof caseSchema>;

/**
 * `leads`: whether the answering node is still hub. Its key also proves the answer if a worker has
 * passed it on.
 */
export const caseReplySchema = z.object({
  leads: z.boolean(),
  public_key: z.string().length(43),
  ...caseShape,
  proof,
});
export type HubCaseReply = z.infer<typeof caseReplySchema>;
export type CaseStatement = Omit<HubCase, "challenge">;

/** "I lead now", sent once by a new hub to those that could follow it. */
export const leadSchema = z.object({ boot_id: nameSchema, addresses: addressesSchema });
export type LeadNotice = z.infer<typeof leadSchema>;

/** "My addresses are these now", sent to its workers by a hub whose addresses have changed. */
export const movedSchema = z.object({ boot_id: nameSchema, addresses: addressesSchema });
export type MovedNotice = z.infer<typeof movedSchema>;

/** A hub asks a worker to dial a node. */
export const witnessRequestSchema = z.object({
  subject: nameSchema,
  boot_id: nameSchema,
  addresses: addressesSchema,
});
export type WitnessRequest = z.infer<typeof witnessRequestSchema>;
/** `statement`: only for a dial that failed on a machine whose other dials succeed. */
export const witnessReplySchema = z.object({ statement: witnessStatementSchema.nullable() });

export const notedSchema = z.object({ noted: z.boolean() });
