import { z } from "zod";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { addressesSchema, nameSchema } from "../wire-names.ts";
import { followStatementSchema } from "./follow-statement.ts";
import { witnessStatementSchema } from "./witness.ts";

/** What hubs say to each other and to those that follow them, beside answers to pings. */
const challenge = z.string().min(16).max(CHALLENGE_CHARACTERS_MAX);
const proof = z.string().max(128);

/**
 * Follow statements shown in one case: enough to count, few enough to verify in a few milliseconds.
 */
export const FOLLOWS_SHOWN_MAX = 64;
/** Two are needed; more could only outnumber more followers. */
export const WITNESSES_MAX = 2;

/** Why this hub should stay where two have met. */
const caseShape = {
  boot_id: nameSchema,
  priority: z.number().int().min(0),
  may_claim: z.boolean(),
  /** Proof that the sender knows the cluster's secret, where there is one. */
  member: z.string().max(64).optional(),
  /** Its own setting names the other as its hub. */
  defers: z.boolean(),
  /** Whether the sender can dial the other; null before it has tried. */
  dials_you: z.boolean().nullable(),
  follows: z.array(followStatementSchema).max(FOLLOWS_SHOWN_MAX),
  /** Words of those that could not dial the other. */
  witnesses: z.array(witnessStatementSchema).max(WITNESSES_MAX),
  /** The hub that stays, as the sender sees it; null before it has checked. */
  winner: nameSchema.nullable(),
};

export const caseSchema = z.object({ challenge, ...caseShape });
export type HubCase = z.infer<typeof caseSchema>;

/**
 * `leads`: whether the answerer is still hub. Its key proves the answer also where a worker has
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

/** "I lead now", said once by a new hub to those that could follow it. */
export const leadSchema = z.object({ boot_id: nameSchema, addresses: addressesSchema });
export type LeadNotice = z.infer<typeof leadSchema>;

/** "I am to be found here now", said by a hub whose addresses have changed to its workers. */
export const movedSchema = z.object({ boot_id: nameSchema, addresses: addressesSchema });
export type MovedNotice = z.infer<typeof movedSchema>;

/** A hub asks a worker to dial a node. */
export const witnessRequestSchema = z.object({
  subject: nameSchema,
  boot_id: nameSchema,
  addresses: addressesSchema,
});
export type WitnessRequest = z.infer<typeof witnessRequestSchema>;
/** `statement`: only of a dial that failed on a machine whose other dials succeed. */
export const witnessReplySchema = z.object({ statement: witnessStatementSchema.nullable() });

export const notedSchema = z.object({ noted: z.boolean() });
