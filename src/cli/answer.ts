import type { z } from "zod";
import { escapeUnsafe } from "../telemetry/log-format.ts";

/**
 * A node's answer, to be shown to people. Names come from other machines: what could move the
 * cursor or forge a line (CWE-150) is shown as `\uXXXX`.
 */
export function readAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  // In this order: an escaped text is longer, and the schema bounds what was sent.
  return escaped(schema.parse(body));
}

/** The same value with every text in it escaped, names of members too. */
function escaped<T>(value: T): T;
function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeUnsafe(value);
  if (Array.isArray(value)) return value.map((one) => escaped(one));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([name, one]) => [escapeUnsafe(name), escaped(one)]));
}

/**
 * JSON over several lines. `JSON.stringify` escapes the C0 controls alone; a terminal obeys the C1
 * controls as well. Escapes of a string do not change its value.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).split("\n").map(escapeUnsafe).join("\n");
}
