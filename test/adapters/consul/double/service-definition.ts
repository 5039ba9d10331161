import type { Status } from "./services.ts";
import {
  decodeFailure,
  durationField,
  type Fields,
  fieldsOf,
  listField,
  Refusal,
  readFields,
  textField,
} from "./wire.ts";

export interface CheckDefinition {
  readonly id: string;
  readonly name: string;
  readonly ttlMs: number;
  /** 0 for never. */
  readonly deregisterAfterMs: number;
  readonly status: Status;
}

export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly checkDefinitions: readonly CheckDefinition[];
}

const META_PAIRS_MAX = 64;
const META_KEY_MAX = 128;
const META_VALUE_MAX = 512;
/** A shorter DeregisterCriticalServiceAfter is raised to it. */
const DEREGISTER_MIN_MS = 60_000;
const STATUSES: readonly Status[] = ["passing", "warning", "critical"];

/** The body of a registration as the agent reads it. Throws Refusal. */
export function readService(body: string): ServiceDefinition {
  const fields = readFields(body);
  const name = textField(fields, "name");
  const address = textField(fields, "address");
  if (name === "") throw new Refusal(400, "Missing service name");
  if (address === "0.0.0.0" || address === "::" || address === "[::]") {
    throw new Refusal(400, "Invalid service address");
  }
  const id = textField(fields, "id") || name;
  return {
    id,
    name,
    address,
    tags: listField(fields, "tags") ?? [],
    port: readPort(fields),
    meta: readMeta(fields),
    checkDefinitions: readChecks(fields, id, name),
  };
}

function readPort(fields: Fields): number {
  const port = fields.get("port") ?? 0;
  if (typeof port !== "number" || !Number.isInteger(port)) {
    throw decodeFailure("cannot unmarshal port into int");
  }
  return port;
}

function readMeta(fields: Fields): Readonly<Record<string, string>> {
  const pairs = Object.entries(fields.get("meta") ?? {});
  const invalid = (what: string) => new Refusal(400, `Invalid Service Meta: ${what}`);
  if (pairs.length > META_PAIRS_MAX) {
    throw invalid(`Node metadata cannot contain more than ${META_PAIRS_MAX} key/value pairs`);
  }
  for (const [key, value] of pairs) {
    if (typeof value !== "string") throw decodeFailure("cannot unmarshal meta into string");
    const refuse = (why: string) => invalid(`Couldn't load metadata pair ('${key}', ...): ${why}`);
    if (key === "") throw refuse("Key cannot be blank");
    if (!/^[a-zA-Z0-9_-]+$/.test(key)) throw refuse("Key contains invalid characters");
    if (key.length > META_KEY_MAX) throw refuse(`Key is too long (limit: ${META_KEY_MAX})`);
    if (key.startsWith("consul-")) throw refuse("Key prefix 'consul-' is reserved");
    if (value.length > META_VALUE_MAX) throw refuse(`Value is too long (limit: ${META_VALUE_MAX})`);
  }
  return Object.fromEntries(pairs);
}

function readChecks(fields: Fields, serviceId: string, name: string): readonly CheckDefinition[] {
  const [one, several] = [fields.get("check"), fields.get("checks")];
  const raw = [...(one ? [one] : []), ...(Array.isArray(several) ? several : [])];
  return raw.map((entry: unknown, at) => {
    const suffix = raw.length === 1 ? "" : `:${at + 1}`;
    return readCheck(fieldsOf(entry), `service:${serviceId}${suffix}`, name);
  });
}

function readCheck(fields: Fields, defaultId: string, serviceName: string): CheckDefinition {
  const ttlMs = durationField(fields, "ttl") ?? 0;
  const status = textField(fields, "status") || "critical";
  const known = STATUSES.find((word) => word === status);
  const afterMs = durationField(fields, "deregistercriticalserviceafter") ?? 0;
  if ((durationField(fields, "interval") ?? 0) > 0 && ttlMs > 0) {
    throw new Refusal(400, "Invalid check: Interval and TTL cannot both be specified");
  }
  if (ttlMs <= 0) throw new Refusal(400, "Invalid check: TTL must be > 0 for TTL checks");
  if (known === undefined) {
    throw new Refusal(400, "Status for checks must 'passing', 'warning', 'critical'");
  }
  return {
    id: textField(fields, "checkid") || defaultId,
    name: textField(fields, "name") || `Service '${serviceName}' check`,
    ttlMs,
    deregisterAfterMs: afterMs > 0 ? Math.max(afterMs, DEREGISTER_MIN_MS) : 0,
    status: known,
  };
}
