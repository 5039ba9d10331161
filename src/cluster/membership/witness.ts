import { z } from "zod";
import { type Identity, nodeIdOf } from "../identity/identity.ts";
import { isSigned, signText } from "../identity/signed-text.ts";
import { addressSchema, nameSchema } from "../wire-names.ts";

/**
 * "I have dialled that node and it did not answer": words of a worker that its hub has asked. It
 * says so only when it was punctual and another dial of it succeeded in the same seconds.
 */
export const witnessStatementSchema = z.object({
  subject: nameSchema,
  by: z.string().length(43),
  from: addressSchema,
  /** The start of the subject that was dialled: words of an earlier one say nothing. */
  boot_id: nameSchema,
  signature: z.string().max(128),
});
export type WitnessStatement = z.infer<typeof witnessStatementSchema>;

export function stateUndialable(
  identity: Identity,
  said: Omit<WitnessStatement, "by" | "signature">,
): WitnessStatement {
  const unsigned = { ...said, by: identity.publicKey };
  return { ...unsigned, signature: signText(identity, signedText(unsigned)) };
}

/** The node that could not dial that start of `subject`, by its own signed word. */
export function witnessIn(
  statement: WitnessStatement,
  subject: string,
  bootId: string,
): string | undefined {
  const { by, signature } = statement;
  const proven =
    statement.subject === subject &&
    statement.boot_id === bootId &&
    isSigned(by, signedText(statement), signature);
  return proven ? nodeIdOf(by) : undefined;
}

function signedText({ subject, by, from, boot_id }: Omit<WitnessStatement, "signature">) {
  const words = ["tankd-undialable-v1", subject, by, from.host, from.port, boot_id];
  return words.join("\n");
}
