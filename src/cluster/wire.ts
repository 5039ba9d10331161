import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";
import { saidShape } from "./clones/said.ts";
import { CHALLENGE_CHARACTERS_MAX } from "./identity/proof.ts";
import { announcedTankSchema, roleSchema, serverRecordSchema } from "./server-record.ts";

/**
 * What nodes say to each other about themselves. Unknown fields are dropped, not refused: nodes of
 * different versions are one cluster while it is upgraded. What is known is checked to the letter.
 */
export const PROTOCOL_VERSION = 1;

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const challenge = z.string().min(16).max(CHALLENGE_CHARACTERS_MAX);
const proof = z.string().max(128);
/** Ten years: no interval is longer, and arithmetic on it stays exact. */
const seconds = z.number().positive().max(315_360_000);

export const addressSchema = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
});
const addresses = z.array(addressSchema).max(LIMITS.addressesPerServerMax);

export const termSchema = z.object({
  counter: z.number().int().nonnegative(),
  node_id: z.string().max(LIMITS.nameCharactersMax),
});

/** How long the sender has been running, by its monotonic clock, and whether it is fenced. */
const presence = {
  uptime_ms: z.number().nonnegative().optional(),
  fenced: z.boolean().optional(),
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
  /** Over boot id, uptime, fenced and the challenge (`signPresence`). */
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
  ...saidShape,
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
  ...saidShape,
  proof,
});
export type HelloReply = z.infer<typeof helloReplySchema>;

/** One server in a change of the registry. */
export const entryWireSchema = z.object({
  key: z.string().min(1).max(128),
  removed: z.boolean(),
  record: serverRecordSchema,
  addresses,
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax),
  standing: z.object({ priority: z.number().int().min(0), may_claim: z.boolean() }),
  boot_id: z.string().max(LIMITS.nameCharactersMax),
  heartbeat_interval: seconds,
});
export type EntryWire = z.infer<typeof entryWireSchema>;

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
  ...saidShape,
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
  registry: z
    .object({
      of: name,
      version: z.number().int().nonnegative(),
      more: z.boolean(),
      entries: z.array(entryWireSchema).max(LIMITS.listRowsMax),
    })
    .nullable(),
  ...saidShape,
  proof,
});
export type PingReply = z.infer<typeof pingReplySchema>;

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
  heartbeat_interval: seconds.optional(),
  /** Set by a node that passes on what was sent to it instead of to the hub. */
  forwarded_for: z.string().max(64).optional(),
});
export type Registration = z.infer<typeof registrationSchema>;

/** The figures of a heartbeat; the whole record is fine too. */
export const heartbeatSchema = registrationSchema.partial();
export type Heartbeat = z.infer<typeof heartbeatSchema>;
