/** Formats values for users. */

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** `3 s`, `12 min`, `5 h`, `2 d`: the largest unit that fits. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 2 * MINUTE_S) return `${whole} s`;
  if (whole < 2 * HOUR_S) return `${Math.floor(whole / MINUTE_S)} min`;
  if (whole < 2 * DAY_S) return `${Math.floor(whole / HOUR_S)} h`;
  return `${Math.floor(whole / DAY_S)} d`;
}

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
