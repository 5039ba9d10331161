import type { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { describeFirst } from "../platform/issue-words.ts";

/**
 * The body, parsed by the schema. @throws Problem `bad_request`, naming the first invalid field.
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Problem("bad_request", `The body is invalid: ${describeFirst(parsed.error)}.`);
}
