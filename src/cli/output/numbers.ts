import { Problem } from "../../platform/errors.ts";

/**
 * Parses a whole number given for `flag`; undefined when the flag was left out.
 * @throws Problem `usage`
 */
export function readInteger(
  text: string | undefined,
  flag: string,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Problem(
    "usage",
    `${flag} cannot be "${text}": give a whole number from ${min} to ${max}`,
  );
}

/** A number between two bounds. @throws Problem `usage` */
export function readNumber(
  text: string | undefined,
  flag: string,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Problem("usage", `${flag} cannot be "${text}": give a number from ${min} to ${max}`);
}

/** `12,345`: a number with grouped digits. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}
