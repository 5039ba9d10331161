/** What Go's net/http and Consul's own readers make of requests. */

export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal: its text is the body. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.ParseDuration, in milliseconds; undefined for what it refuses. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)];
  const ms = parts.reduce((sum, [, n, unit = ""]) => sum + Number(n) * (UNIT_MS[unit] ?? 0), 0);
  return text.startsWith("-") ? -ms : ms;
}

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

export type Fields = ReadonlyMap<string, unknown>;

/**
 * A JSON object with its keys as Consul matches them: in any case, also in snake_case. Keys that
 * nobody asks for are ignored.
 */
export function readFields(body: string): Fields {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw decodeFailure("invalid character");
  }
  return fieldsOf(json);
}

export function fieldsOf(json: unknown): Fields {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw decodeFailure("cannot unmarshal into Go value");
  }
  return new Map(
    Object.entries(json).map(([key, value]) => [key.replaceAll("_", "").toLowerCase(), value]),
  );
}

export function textField(fields: Fields, key: string): string {
  const value = fields.get(key) ?? "";
  if (typeof value !== "string") throw decodeFailure(`cannot unmarshal ${key} into string`);
  return value;
}

export function listField(fields: Fields, key: string): readonly string[] | undefined {
  const value = fields.get(key);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((one) => typeof one !== "string")) {
    throw decodeFailure(`cannot unmarshal ${key} into []string`);
  }
  return value;
}

/** A duration as text or in nanoseconds; undefined where it is absent. */
export function durationField(fields: Fields, key: string): number | undefined {
  const value = fields.get(key);
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "number") return value / 1e6;
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined) throw decodeFailure(`time: invalid duration ${JSON.stringify(value)}`);
  return ms;
}

export function decodeFailure(what: string): Refusal {
  return new Refusal(400, `Request decode failed: ${what}`);
}
