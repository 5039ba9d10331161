import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { STATEMENT_CHARACTERS_MAX } from "./position.ts";

const statement = z.string().max(STATEMENT_CHARACTERS_MAX);

/** The part of hello, ping and their answers that serves clone detection. */
export const saidShape = {
  /** The sender's signed journal position. */
  journal_position: statement.optional(),
  /** The latest position of the receiver that the sender has stored, signed by the receiver. */
  remembered_position: statement.nullish(),
  /** Positions of the receiver that others have reported, if it may not know them. */
  reported_positions: z.array(statement).max(LIMITS.positionsToldMax).optional(),
  /** To the hub: statements of nodes that the sender has exchanged fish with. */
  partner_positions: z.array(statement).max(LIMITS.positionsPerReportMax).optional(),
  /**
   * Challenges, if two starts of the receiver may be alive: each signs the one naming the other.
   */
  presence_challenges: z.array(z.string().max(CHALLENGE_CHARACTERS_MAX)).max(2).optional(),
};
const saidSchema = z.object(saidShape);
export type Said = z.infer<typeof saidSchema>;
