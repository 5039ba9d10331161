import { plainHost } from "../../discovery/addresses.ts";

export type Tags = ReadonlyMap<string, string>;

/** A member of the Serf cluster in one agent's view. */
export interface Member {
  readonly name: string;
  /** `alive`, `leaving`, `left` or `failed`. */
  readonly status: string;
  /** The gossip address of its agent. */
  readonly host: string;
  readonly port: number;
  readonly tags: Tags;
}

/** Four times the maximum size of a cluster: most members may have nothing to do with tankd. */
const MEMBERS_MAX = 4096;

/** The valid members in an answer to `members`; the rest is left out. */
export function readMembers(body: unknown): readonly Member[] {
  const listed = fieldOf(body, "Members");
  if (!Array.isArray(listed)) return [];
  return listed.slice(0, MEMBERS_MAX).flatMap((one) => readMember(one) ?? []);
}

/** The agent's own name, from its answer to `stats`. */
export function readAgentName(stats: unknown): string | undefined {
  const name = fieldOf(fieldOf(stats, "agent"), "name");
  return typeof name === "string" ? name : undefined;
}

function readMember(value: unknown): Member | undefined {
  const name = fieldOf(value, "Name");
  const status = fieldOf(value, "Status");
  const host = readHost(fieldOf(value, "Addr"));
  const port = fieldOf(value, "Port");
  if (typeof name !== "string" || typeof status !== "string") return undefined;
  if (host === undefined || typeof port !== "number") return undefined;
  return { name, status, host, port, tags: readTags(fieldOf(value, "Tags")) };
}

function readTags(value: unknown): Tags {
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, text]) => (typeof text === "string" ? [[key, text]] : [])),
  );
}

/** 4 bytes of IPv4, or 16 of IPv6 or of IPv4 inside it. */
function readHost(value: unknown): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length === 4) return value.join(".");
  if (value.length !== 16) return undefined;
  const hex = value.toHex();
  return plainHost((hex.match(/.{4}/g) ?? []).join(":"));
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}
