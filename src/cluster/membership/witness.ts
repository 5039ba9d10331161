import { z } from "zod";
import { type Identity, nodeIdOf } from "../identity/identity.ts";
import { isSigned, signText } from "../identity/signed-text.ts";
import { addressSchema, nameSchema } from "../wire-names.ts";

/**
 * "I have dialled that node and it did not answer": a worker's statement at its hub's request. It
 * is made only if the worker was punctual and another of its dials succeeded in the same seconds.
 */
export const witnessStatementSchema = z.object({
  subject: nameSchema,
  by: z.string().length(43),
  from: addressSchema,
  /** The start of the subject that was dialled: statements about an earlier one do not count. */
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

/** The node that could not dial that start of `subject`, by its own signed statement. */
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
