import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { STATEMENT_CHARACTERS_MAX } from "./position.ts";

const statement = z.string().max(STATEMENT_CHARACTERS_MAX);

/**
 * The part of hello, ping and their answers by which copied and set back directories are noticed.
 */
export const saidShape = {
  /** How far the sender's journal has come, in its own signed words. */
  journal_position: statement.optional(),
  /** The furthest that the sender remembers of the other's journal, in the other's words. */
  remembered_position: statement.nullish(),
  /** What third nodes remember of the other's journal, where it may be news to it. */
  reported_positions: z.array(statement).max(LIMITS.positionsToldMax).optional(),
  /** Said to the hub: statements of nodes with which the sender has exchanged fish. */
  partner_positions: z.array(statement).max(LIMITS.positionsPerReportMax).optional(),
  /** Two starts of the other's node may be alive: each signs the challenge that names the other. */
  presence_challenges: z.array(z.string().max(CHALLENGE_CHARACTERS_MAX)).max(2).optional(),
};
const saidSchema = z.object(saidShape);
export type Said = z.infer<typeof saidSchema>;
