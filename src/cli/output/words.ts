/** Formats values for users. */
import { duration } from "../../platform/durations.ts";

/** How long ago an RFC 3339 instant was. */
export function ago(instant: string, nowMs: number): string {
  return `${duration((nowMs - Date.parse(instant)) / 1000)} ago`;
}

/** `1 tank`, `2 tanks`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

const SHORT_ID_CHARACTERS = 12;

/** The beginning of a long id, enough to recognise it. */
export function shortId(id: string): string {
  return id.length > SHORT_ID_CHARACTERS ? id.slice(0, SHORT_ID_CHARACTERS) : id;
}
