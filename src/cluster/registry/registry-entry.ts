import { z } from "zod";
import type { Address } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { AnnouncedTank, ServerRecord, ServerStatus } from "../server-record.ts";
import { type EntryWire, entryWireSchema, type FiguresWire } from "../wire.ts";

/** What the registry stores about one server. Times are monotonic milliseconds of this process. */
export interface Entry {
  /** The node id; for a server without a key `unsigned:` and its server id. */
  readonly key: string;
  /** As shown, except for role, status, is_local and reachable, which depend on the observer. */
  readonly record: ServerRecord;
  /**
   * The label that it asked for; `record.server_id` differs from it if two servers ask for the
   * same.
   */
  readonly label: string;
  readonly addresses: readonly Address[];
  readonly tanks: readonly AnnouncedTank[];
  readonly priority: number;
  readonly mayClaim: boolean;
  readonly bootId: string;
  /** Declared by the server. */
  readonly intervalMs: number;
  readonly lastSeenMs: number;
  readonly status: ServerStatus;
  readonly offlineSinceMs: number | undefined;
  /**
   * IP from which it has registered; undefined if it was not recorded. Of a server without a key no
   * other address may change the entry.
   */
  readonly source: string | undefined;
  /** The node that has passed its registration on, if the server did not send it directly. */
  readonly via: string | undefined;
  /** The node to which it says it holds a tunnel, and through which it is reached. */
  readonly relay: string | undefined;
  /** The boot id of the hub that reported it; undefined for first-hand knowledge. */
  readonly toldBy: string | undefined;
  /** Version of the registry when anything but the figures last changed. */
  readonly version: number;
  /** Version of the registry when the figures were last sent to followers. */
  readonly figuresVersion: number;
}

/** The content of a registration; the registry adds what only it knows. */
export type EntryInput = Omit<
  Entry,
  "status" | "offlineSinceMs" | "lastSeenMs" | "version" | "figuresVersion" | "toldBy"
>;

/** The reference hub guide's interval, for a server that declares none. */
export const DEFAULT_INTERVAL_MS = 30_000;
const DEGRADED_AFTER_INTERVALS = 2;
const OFFLINE_AFTER_INTERVALS = 3;

/** The status after this much silence, by the server's declared interval. */
export function statusAfter(silentMs: number, intervalMs: number): ServerStatus {
  if (silentMs >= OFFLINE_AFTER_INTERVALS * intervalMs) return "offline";
  return silentMs >= DEGRADED_AFTER_INTERVALS * intervalMs ? "degraded" : "online";
}

/** Silence after which a server counts as offline, in milliseconds. */
export function offlineAfter(intervalMs: number): number {
  return OFFLINE_AFTER_INTERVALS * intervalMs;
}

const UNSIGNED = "unsigned:";

export function unsignedKey(serverId: string): string {
  return `${UNSIGNED}${serverId}`;
}

/** Whether the key is that of a server without a key of its own: no node has such an id. */
export function isUnsignedKey(key: string): boolean {
  return key.startsWith(UNSIGNED);
}

/** Which of two servers gets a name: members before strangers with a key before others. */
export function rankOf({ signed, member }: Pick<ServerRecord, "signed" | "member">): number {
  if (!signed) return 0;
  return member ? 2 : 1;
}

export function entryToWire(entry: Entry): EntryWire {
  return {
    key: entry.key,
    label: entry.label,
    record: { ...entry.record, status: entry.status },
    addresses: [...entry.addresses],
    tanks: [...entry.tanks],
    standing: { priority: entry.priority, may_claim: entry.mayClaim },
    boot_id: entry.bootId,
    heartbeat_interval: entry.intervalMs / 1000,
    source: entry.source ?? null,
    via: entry.via ?? null,
    relay: entry.relay ?? null,
  };
}

export function figuresToWire({ key, record }: Entry): FiguresWire {
  const { fish_count, active_connections, cpu_percent, memory_mb, uptime_seconds } = record;
  const { last_heartbeat, last_seen } = record;
  return {
    key,
    figures: {
      fish_count,
      active_connections,
      cpu_percent,
      memory_mb,
      uptime_seconds,
      last_heartbeat,
      last_seen,
    },
  };
}

const storedSchema = z.object({
  label: z.string().max(LIMITS.nameCharactersMax),
  entry: entryWireSchema,
});

/**
 * An entry without the parts that change constantly: figures, and when it was last seen. Entries
 * with the same text differ in nothing that followers must learn at once.
 */
export function entryToText(entry: Entry): string {
  return textOf(entry, entry.record.registered_at);
}

/** The text in the registry store: the same, with the time when it was last seen. */
export function entryToStored(entry: Entry): string {
  return textOf(entry, entry.record.last_seen);
}

function textOf(entry: Entry, lastSeen: string): string {
  const wire = entryToWire(entry);
  const record: ServerRecord = {
    ...wire.record,
    status: "offline",
    status_reason: null,
    fish_count: 0,
    active_connections: 0,
    cpu_percent: 0,
    memory_mb: 0,
    uptime_seconds: 0,
    rtt_ms: null,
    last_heartbeat: lastSeen,
    last_seen: lastSeen,
  };
  return JSON.stringify({ label: entry.label, entry: { ...wire, record } });
}

/**
 * An entry as it was stored: offline until the server makes contact. Undefined if it cannot be
 * read, and for a node that was listed without its signature, as earlier versions did.
 */
export function entryFromText(text: string, nowMs: number): Entry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = storedSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { entry: wire, label } = parsed.data;
  if (wire.record.signed !== (wire.record.node_id !== null)) return undefined;
  return { ...entryFromWire(wire, nowMs), label, status: "offline", offlineSinceMs: nowMs };
}

export function entryFromWire(wire: EntryWire, nowMs: number): Entry {
  const status = wire.record.status;
  return {
    key: wire.key,
    record: wire.record,
    label: wire.label ?? wire.record.server_id,
    addresses: wire.addresses,
    tanks: wire.tanks,
    priority: wire.standing.priority,
    mayClaim: wire.standing.may_claim,
    bootId: wire.boot_id,
    intervalMs: wire.heartbeat_interval * 1000,
    lastSeenMs: nowMs,
    status,
    offlineSinceMs: status === "offline" ? nowMs : undefined,
    source: wire.source ?? undefined,
    via: wire.via ?? undefined,
    relay: wire.relay ?? undefined,
    toldBy: undefined,
    version: 0,
    figuresVersion: 0,
  };
}

/**
 * Whether a node on the list is a member: by its own proof to this node, or by the report of the
 * hub that listed it.
 */
export function isListedMember(
  { key, record, toldBy }: Entry,
  isMember: (nodeId: string) => boolean,
): boolean {
  return record.signed && (isMember(key) || (toldBy !== undefined && record.member));
}
