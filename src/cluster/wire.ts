import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";
import { STATEMENT_CHARACTERS_MAX } from "./clones/position.ts";
import { presenceProofSchema } from "./clones/presence.ts";
import { CHALLENGE_CHARACTERS_MAX } from "./identity/proof.ts";
import {
  announcedTankSchema,
  metadataSchema,
  roleSchema,
  serverRecordSchema,
} from "./server-record.ts";

/**
 * What nodes say to each other about themselves. Unknown fields are dropped, not refused: nodes of
 * different versions are one cluster while it is upgraded. What is known is checked to the letter.
 */
export const PROTOCOL_VERSION = 1;

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const challenge = z.string().min(16).max(CHALLENGE_CHARACTERS_MAX);
const proof = z.string().max(128);
const seconds = z
  .number()
  .positive()
  .max(LIMITS.heartbeatIntervalMaxMs / 1000);

export const addressSchema = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
});
const addresses = z.array(addressSchema).max(LIMITS.addressesPerServerMax);

export const termSchema = z.object({
  counter: z.number().int().nonnegative(),
  node_id: z.string().max(LIMITS.nameCharactersMax),
});

const statement = z.string().max(STATEMENT_CHARACTERS_MAX);
/**
 * How far the sender's journal has come, in its own signed words, and the furthest that it remembers
 * of the other's, in the other's. Versions before 0.3 have neither.
 */
const positions = {
  journal_position: statement.optional(),
  remembered_position: statement.nullish(),
};
/** How long the sender has been running, by its monotonic clock, and whether its tanks stand still. */
const presence = {
  uptime_ms: z.number().nonnegative().optional(),
  held: z.boolean().optional(),
};

/** A hub as somebody else names it: a hint where to dial. */
export const hubHintSchema = z.object({ node_id: name, addresses });
export type HubHint = z.infer<typeof hubHintSchema>;

/** Where a node stands in the role decision. */
export const standingSchema = z.object({
  role: roleSchema,
  term: termSchema,
  hub: hubHintSchema.nullable(),
  priority: z.number().int().min(0),
  may_claim: z.boolean(),
});
export type StandingWire = z.infer<typeof standingSchema>;

/** The answer of `GET /.well-known/tankd`. */
export const identityDocumentSchema = z.object({
  protocol: z.number().int().positive(),
  node_id: name,
  public_key: z.string().length(43),
  server_id: name,
  cluster: name,
  version: z.string().max(64),
  boot_id: name,
  role: roleSchema,
  /** The node's wall clock, Unix milliseconds: signatures are dated in the time of the addressed. */
  time_ms: z.number(),
  /** Over the challenge, when there was one (`signChallenge`). */
  signature: proof.optional(),
  ...presence,
  /** Over boot id, uptime, held and the challenge (`signPresence`). */
  presence_signature: proof.optional(),
});
export type IdentityDocument = z.infer<typeof identityDocumentSchema>;

/** Everything a node says of itself when it shakes hands. */
const nodeDocument = {
  protocol: z.number().int().positive(),
  cluster: name,
  node_id: name,
  boot_id: name,
  standing: standingSchema,
  record: serverRecordSchema,
  addresses,
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax),
  heartbeat_interval: seconds,
  ...presence,
};
export const nodeDocumentSchema = z.object(nodeDocument);
export type NodeDocument = z.infer<typeof nodeDocumentSchema>;

export const helloSchema = z.object({
  ...nodeDocument,
  challenge,
  /** The sender was given the URL of the one it speaks to, and never outranks it. */
  defers: z.boolean(),
  ...positions,
  /** Said to a node with the sender's own id: the start that it means, which only the living know. */
  to_boot_id: name.optional(),
});
export type Hello = z.infer<typeof helloSchema>;

export const helloReplySchema = z.object({
  ...nodeDocument,
  time_ms: z.number(),
  defers: z.boolean(),
  /** Whether the answerer has reached the asker by dialling it; null before it has tried. */
  can_dial_you: z.boolean().nullable(),
  ...positions,
  proof,
});
export type HelloReply = z.infer<typeof helloReplySchema>;

const entryKey = z.string().min(1).max(128);

/** One server as the hub lists it. */
export const entryWireSchema = z.object({
  key: entryKey,
  /** The name that it asked for, where it is shown under another one. */
  label: name.optional(),
  record: serverRecordSchema,
  addresses,
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax),
  standing: z.object({ priority: z.number().int().min(0), may_claim: z.boolean() }),
  boot_id: z.string().max(LIMITS.nameCharactersMax),
  heartbeat_interval: seconds,
  /** The IP from which it has registered: who takes the hub's place judges its owner by it. */
  source: z.string().max(255).nullish(),
  /** The node that has passed its registration on, if one has. */
  via: name.nullish(),
});
export type EntryWire = z.infer<typeof entryWireSchema>;

/** What changes with every heartbeat of a server; sent apart, since the rest of it rarely changes. */
export const figuresWireSchema = z.object({
  key: entryKey,
  figures: serverRecordSchema.pick({
    fish_count: true,
    active_connections: true,
    cpu_percent: true,
    memory_mb: true,
    uptime_seconds: true,
    last_heartbeat: true,
    last_seen: true,
  }),
});
export type FiguresWire = z.infer<typeof figuresWireSchema>;

/** What has changed in a hub's registry since the version that a follower has named. */
export const registryDeltaSchema = z.object({
  /** The boot id of the hub. */
  of: name,
  version: z.number().int().nonnegative(),
  /** The first page of the whole list: what it does not name has left. */
  whole: z.boolean(),
  /** There is more: ask again. */
  more: z.boolean(),
  entries: z.array(entryWireSchema).max(LIMITS.listRowsMax),
  figures: z.array(figuresWireSchema).max(LIMITS.listRowsMax),
  /** Keys of the servers that have left. */
  removed: z.array(entryKey).max(LIMITS.listRowsMax),
});
export type RegistryDelta = z.infer<typeof registryDeltaSchema>;

/** How far the sender follows the registry of a node: of which boot, up to which version. */
export const registryPositionSchema = z.object({
  of: name.nullable(),
  version: z.number().int().nonnegative(),
});
export type RegistryPosition = z.infer<typeof registryPositionSchema>;

export const pingSchema = z.object({
  challenge,
  cluster: name,
  boot_id: name,
  term: termSchema,
  registry: registryPositionSchema.nullable(),
  /** "I have lost this hub. Have you?" */
  lost_hub: name.nullable(),
  /** The sender's round trip to the one it pings, which the other does not ping itself. */
  rtt_ms: z.number().nonnegative().optional(),
  /** Hubs that the sender has met and does not follow; they should meet each other. */
  other_hubs: z.array(hubHintSchema).max(LIMITS.addressesPerServerMax),
  ...positions,
});
export type Ping = z.infer<typeof pingSchema>;

export const pingReplySchema = z.object({
  node_id: name,
  boot_id: name,
  standing: standingSchema,
  /** Whether the sender of the ping is registered here. */
  listed: z.boolean(),
  /** The answer to `lost_hub`; null when the answerer does not follow that hub. */
  lost: z.boolean().nullable(),
  successor: name.nullable(),
  registry: registryDeltaSchema.nullable(),
  ...positions,
  proof,
});
export type PingReply = z.infer<typeof pingReplySchema>;

/** Shown to the later of two nodes with one key by whoever has met both. */
export const copyNoticeSchema = z.object({ proof: presenceProofSchema });
export type CopyNotice = z.infer<typeof copyNoticeSchema>;

const amount = z.number().nonnegative();

/**
 * A registration in the seeds' form: a server record of which only the id is asked for. The record
 * of another program (Tank World) has fields of its own; those with a meaning here are kept.
 */
export const registrationSchema = z.object({
  server_id: name,
  node_id: name.nullish(),
  boot_id: name.optional(),
  hostname: z.string().max(255).optional(),
  host: z.string().min(1).max(255).optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  version: z.string().max(64).optional(),
  platform: z.string().max(64).optional(),
  architecture: z.string().max(64).optional(),
  tank_count: amount.optional(),
  world_count: amount.optional(),
  fish_count: amount.optional(),
  active_connections: amount.optional(),
  capabilities: serverRecordSchema.shape.capabilities.optional(),
  tags: serverRecordSchema.shape.tags.optional(),
  resources: serverRecordSchema.shape.resources.optional(),
  metadata: metadataSchema.optional(),
  region: serverRecordSchema.shape.region.optional(),
  zone: serverRecordSchema.shape.zone.optional(),
  cpu_percent: amount.nullish(),
  memory_mb: amount.nullish(),
  uptime_seconds: amount.nullish(),
  hardware_model: z.string().max(128).nullish(),
  logical_cpus: amount.nullish(),
  physical_cpus: amount.nullish(),
  addresses: addresses.optional(),
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax).optional(),
  standing: z.object({ priority: z.number().int().min(0), may_claim: z.boolean() }).optional(),
  status_reason: serverRecordSchema.shape.status_reason,
  /** Seconds; the sender is judged by it. */
  heartbeat_interval: z.number().positive().optional(),
});
export type Registration = z.infer<typeof registrationSchema>;

/** The figures of a heartbeat; the whole record is fine too. */
export const heartbeatSchema = registrationSchema.partial();
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/**
 * A request that a node passes on to its hub as it came, with whatever signature it bears: who asks
 * is judged by that signature alone. The control token is never passed on.
 */
export const forwardSchema = z.object({
  /** The IP from which the forwarder has it. */
  source: z.string().min(1).max(64),
  request: z.object({
    method: z.enum(["POST", "DELETE"]),
    authority: z.string().max(300),
    path: z.string().startsWith("/").max(LIMITS.forwardedPathCharactersMax),
    headers: z.object({
      "signature-input": z.string().max(512).optional(),
      signature: z.string().max(256).optional(),
      "content-digest": z.string().max(128).optional(),
      "tankd-audience": name.optional(),
    }),
    body: z.string().max(LIMITS.requestBodyBytesMax),
  }),
});
export type Forward = z.infer<typeof forwardSchema>;
