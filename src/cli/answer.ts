import type { z } from "zod";
import { escapeUnsafe } from "../telemetry/log-format.ts";

/**
 * A node's answer, to be shown to people. Names come from other machines: what could move the
 * cursor or forge a line (CWE-150) is shown as `\uXXXX`.
 */
export function readAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  return schema.parse(escaped(body));
}

function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeUnsafe(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, escaped(one)]));
}

/**
 * JSON over several lines. `JSON.stringify` escapes the C0 controls alone; a terminal obeys the C1
 * controls as well. Escapes of a string do not change its value.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).split("\n").map(escapeUnsafe).join("\n");
}
