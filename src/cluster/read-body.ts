import type { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { describeFirst } from "../platform/issue-words.ts";

/**
 * The body as the schema reads it. @throws Problem `bad_request`, naming the first field that is
 * wrong.
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Problem("bad_request", `The body is invalid: ${describeFirst(parsed.error)}.`);
}
