/**
 * What is wrong with a value, in plain words. Zod's own ("Too small: expected string to have >=1
 * characters") are for programmers, and users meet them in answers of the API. Importing this sets
 * the words of the whole process.
 */
import { config, type z } from "zod";

type RawIssue = z.core.$ZodRawIssue;

config({ customError: issueWords });

/** `name: must not be empty`, without the path where there is none. */
export function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

/** The first of the flaws. */
export function describeFirst(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "malformed" : describeIssue(issue);
}

/** The value as the schema reads it. Zod's own error would be JSON. @throws Error in plain words */
export function readShaped<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new Error(describeFirst(read.error));
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

const UNITS: Readonly<Record<string, readonly [one: string, several: string]>> = {
  string: ["character", "characters"],
  array: ["item", "items"],
  set: ["item", "items"],
  map: ["entry", "entries"],
};

/** Undefined leaves it to zod: of kinds of issues that no schema here has. */
function issueWords(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${typeWords(issue)}`;
    case "invalid_value":
      if (issue.input === undefined) return "is missing";
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
    case "too_small":
      return boundWords(issue.origin, issue.minimum, issue.inclusive ? "at least" : "more than");
    case "too_big":
      return boundWords(issue.origin, issue.maximum, issue.inclusive ? "at most" : "less than");
    case "invalid_format":
      return "does not have the right form";
    case "unrecognized_keys":
      return `has unknown fields: ${issue.keys.join(", ")}`;
    case "invalid_union":
      return issue.input === undefined ? "is missing" : "has a value that is not possible here";
    default:
      return undefined;
  }
}

function typeWords({ expected, format }: RawIssue): string {
  const name = format === "safeint" ? "int" : String(expected);
  return TYPES[name] ?? name;
}

function boundWords(origin: string, bound: number | bigint, how: string): string {
  const units = UNITS[origin];
  if (units === undefined) return `must be ${how} ${bound}`;
  if (how === "at least" && bound === 1) return "must not be empty";
  return `must have ${how} ${bound} ${units[bound === 1 ? 0 : 1]}`;
}
