import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import { certificateSchema, certificatesSchema } from "./certificate.ts";

/**
 * The messages of two nodes about a tank that moves from the one to the other; `docs/protocol.md`
 * specifies their use. All are POST and signed. A refusal is a Problem.
 */

/** Owner → destination. */
export const OFFER_PATH = "/api/moves/offer";
export const ACTIVATE_PATH = "/api/moves/activate";
/** Destination → owner. */
export const PART_PATH = "/api/moves/part";
export const OUTCOME_PATH = "/api/moves/outcome";
/** Anybody → the owner, or a former one. */
export const PROOF_PATH = "/api/moves/proof";

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const moveId = z.string().regex(/^[0-9a-f]{32}$/, "must be 32 hex digits");
const place = z.number().int().nonnegative();
const version = z.literal(1);
const base64Max = 4 * Math.ceil(MOVE_LIMITS.partBytesMax / 3);

export const offerSchema = z.strictObject({
  version,
  move_id: moveId,
  tank_id: name,
  name,
  /** Of the tank at the destination. */
  epoch: z.number().int().min(2),
  engine_version: place,
  /** Null: only whether it would be taken. */
  bundle: z
    .strictObject({
      digest: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex digits"),
      bytes: z.number().int().positive().max(MOVE_LIMITS.bundleBytesMax),
    })
    .nullable(),
});
export type Offer = z.infer<typeof offerSchema>;

/** `welcome`: it would be taken. `stored`: it is durable there, and inactive. */
export const offerReplySchema = z.object({
  state: z.enum(["welcome", "receiving", "stored", "activated"]),
});

export const activateSchema = z.strictObject({ version, certificate: certificateSchema });
export const activateReplySchema = z.object({
  state: z.literal("activated"),
  /** As the destination calls the tank. */
  name,
});

export const partSchema = z.strictObject({ version, move_id: moveId, at: place });
export const partReplySchema = z.object({ part: z.base64().max(base64Max) });

export const outcomeSchema = z.strictObject({ version, move_id: moveId, tank_id: name });
/** `sealed`: nothing is decided yet. `moved` comes with the certificate. */
export const outcomeReplySchema = z.object({
  state: z.enum(["sealed", "moved", "aborted"]),
  certificate: certificateSchema.nullable(),
});

export const proofSchema = z.strictObject({ version, tank_id: name });
export const proofReplySchema = z.object({ certificates: certificatesSchema });
