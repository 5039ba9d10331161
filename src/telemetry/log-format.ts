import { rfc3339 } from "../platform/clock.ts";
import type { LogFields } from "./log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One event to be formatted. */
export interface LogEntry {
  readonly wallMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
  /** `file:line`, if known. */
  readonly caller: string | undefined;
}

export interface LineFormat {
  readonly kind: "json" | "text";
  readonly time: "off" | "rfc3339" | "rfc3339ms";
  readonly colour: boolean;
}

/** Longer values are truncated: input of a peer must not fill a disk through the log. */
const VALUE_CHARACTERS_MAX = 2000;
/** Reserved names in a JSON line; a field with such a name gets a `_` suffix. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(["time", "level", "msg", "caller"]);

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const LEVEL_COLOURS = {
  debug: "\x1b[34m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
} as const satisfies Record<LogLevel, string>;

/**
 * Characters that could end a line, move a terminal's cursor or reverse the direction of text: C0
 * and C1 controls, DEL, line separators, bidirectional marks (Unicode TR 36, log injection
 * CWE-117).
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** A value that needs no quotes in a text line. */
const PLAIN = /^[^\s"'=]+$/;

/** Formats one line, with its line end. */
export function formatEntry(entry: LogEntry, format: LineFormat): string {
  return `${format.kind === "json" ? jsonLine(entry, format) : textLine(entry, format)}\n`;
}

/** Uses the names of Go's slog, which collectors support: time, level, msg. */
function jsonLine(entry: LogEntry, format: LineFormat): string {
  const fields = Object.entries(entry.fields).map(([name, value]) => [
    RESERVED_NAMES.has(name) ? `${name}_` : name,
    typeof value === "string" ? cut(value) : value,
  ]);
  const line = JSON.stringify({
    time: timeOf(entry, format),
    level: entry.level,
    msg: cut(entry.event),
    ...Object.fromEntries(fields),
    caller: entry.caller,
  });
  // JSON.stringify has escaped the C0 controls already; the rest may be escaped without changing
  // it.
  return escapeUnsafe(line);
}

/** `2026-01-02T03:04:05.678Z INFO  role decided role=hub term=1 (election.ts:42)` */
function textLine(entry: LogEntry, format: LineFormat): string {
  const paint = (colour: string, text: string) =>
    format.colour ? `${colour}${text}${RESET}` : text;
  const time = timeOf(entry, format);
  const fields = Object.entries(entry.fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${paint(DIM, `${escapeUnsafe(name)}=`)}${textValue(value)}`],
  );
  return [
    ...(time === undefined ? [] : [paint(DIM, time)]),
    paint(LEVEL_COLOURS[entry.level], entry.level.toUpperCase().padEnd(5)),
    escapeUnsafe(cut(entry.event)),
    ...fields,
    ...(entry.caller === undefined ? [] : [paint(DIM, `(${escapeUnsafe(entry.caller)})`)]),
  ].join(" ");
}

function textValue(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  const text = cut(value);
  return escapeUnsafe(PLAIN.test(text) ? text : JSON.stringify(text));
}

function timeOf(entry: LogEntry, format: LineFormat): string | undefined {
  if (format.time === "off") return undefined;
  const time = rfc3339(entry.wallMs);
  return format.time === "rfc3339ms" ? time : time.replace(/\.\d+Z$/, "Z");
}

function cut(text: string): string {
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX)}…`;
}

/** Escapes such characters as `\uXXXX`, like JSON. */
export function escapeUnsafe(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
