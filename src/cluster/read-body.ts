import type { z } from "zod";
import { Problem } from "../platform/errors.ts";

/**
 * The body, parsed by the schema. @throws Problem `bad_request`, naming the first invalid field.
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? `"${issue.path.join(".")}" ` : "";
  throw new Problem("bad_request", `The body is invalid:  ${where}${issue?.message}.`);
}
