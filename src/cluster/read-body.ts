import type { z } from "zod";
import { Problem } from "../platform/errors.ts";

/**
 * The body as the schema reads it. @throws Problem `bad_request`, naming the first field that is
 * wrong.
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? `"${issue.path.join(".")}" ` : "";
  throw new Problem("bad_request", `The body is invalid:  ${where}${issue?.message}.`);
}
