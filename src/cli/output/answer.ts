import type { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import { escapeUnsafe } from "../../telemetry/log-format.ts";

/**
 * A node's answer, prepared for a terminal. Names come from other machines: characters that could
 * move the cursor or forge a line (CWE-150) are escaped as `\uXXXX`.
 */
export function readAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  // In this order: the schema bounds the original text, and escaping makes it longer.
  return escaped(parseAnswer(schema, body));
}

/** A node's answer as it came. @throws Problem `unreachable` for one of another form */
export function parseAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Problem(
    "unreachable",
    `the node's answer has another form (${describeFirst(parsed.error)}); ` +
      "does it run another version of tankd?",
  );
}

/** The same value with every string escaped, including names of members. */
function escaped<T>(value: T): T;
function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeUnsafe(value);
  if (Array.isArray(value)) return value.map((one) => escaped(one));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([name, one]) => [escapeUnsafe(name), escaped(one)]));
}

/**
 * Indented JSON. `JSON.stringify` escapes only C0 controls; a terminal interprets C1 controls too.
 * Escapes do not change the value of a string.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).split("\n").map(escapeUnsafe).join("\n");
}
