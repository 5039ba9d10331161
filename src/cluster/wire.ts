import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";
import { saidShape } from "./clones/said.ts";
import { CHALLENGE_CHARACTERS_MAX } from "./identity/proof.ts";
import { followStatementSchema } from "./membership/follow-statement.ts";
import { SUCCESSORS_MAX } from "./membership/successors.ts";
import { announcedTankSchema, roleSchema, serverRecordSchema } from "./server-record.ts";
import { addressesSchema, nameSchema } from "./wire-names.ts";

/**
 * What nodes tell each other about themselves. Unknown fields are dropped, not refused: nodes of
 * different versions form one cluster during an upgrade. Known fields are checked strictly.
 */
export const PROTOCOL_VERSION = 2;
/**
 * Nodes with another protocol are refused, and the refusal names it. From here on a build
 * understands the previous one.
 */
export const PROTOCOLS_UNDERSTOOD: readonly number[] = [PROTOCOL_VERSION];

const name = nameSchema;
const addresses = addressesSchema;
const challenge = z.string().min(16).max(CHALLENGE_CHARACTERS_MAX);
const proof = z.string().max(128);
const seconds = z
  .number()
  .positive()
  .max(LIMITS.heartbeatIntervalMaxMs / 1000);

/**
 * The highest term. A claim a second for 68 years does not reach it; a higher number is not a term.
 */
export const TERM_MAX = 2 ** 31 - 1;

export const termSchema = z.object({
  counter: z.number().int().nonnegative().max(TERM_MAX),
  node_id: z.string().max(LIMITS.nameCharactersMax),
});

/** How long the sender has been running, by its monotonic clock, and whether it is fenced. */
const presence = {
  uptime_ms: z.number().nonnegative().optional(),
  fenced: z.boolean().optional(),
};

/** The node accepts signatures that leave the authority out. Earlier versions do not. */
const unbound = { takes_unbound: z.boolean().optional() };

/**
 * The sender's start clock, by which requests to it are dated, milliseconds. Earlier versions have
 * none; requests to them are dated by their wall clock.
 */
const startClock = { start_clock_ms: z.number().nonnegative().optional() };

/** The node through which the sender is reached, if nobody can dial it. */
const relay = { relay: name.nullish() };

/** A hub as another node names it: a hint where to dial. */
export const hubHintSchema = z.object({ node_id: name, addresses });
export type HubHint = z.infer<typeof hubHintSchema>;

/** The state of a node in the role decision. */
export const standingSchema = z.object({
  role: roleSchema,
  term: termSchema,
  hub: hubHintSchema.nullable(),
  priority: z.number().int().min(0),
  may_claim: z.boolean(),
  /** A hub that has just claimed; between two of them the rank decides at once. */
  fresh: z.boolean().default(false),
  /** A worker whose hub does not answer it: what it says about the hub is second-hand. */
  deaf: z.boolean().default(false),
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
  /** The node's wall clock, Unix milliseconds. */
  time_ms: z.number(),
  ...startClock,
  ...unbound,
  /** Over the challenge, if there was one (`signChallenge`). */
  signature: proof.optional(),
  ...presence,
  /** Over boot id, uptime, fenced and the challenge (`signPresence`). */
  presence_signature: proof.optional(),
});
export type IdentityDocument = z.infer<typeof identityDocumentSchema>;

/** Everything a node says about itself in a handshake. */
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
  /** Proof that the node knows the cluster's secret (`membershipTag`). */
  member: z.string().max(64).optional(),
  ...presence,
  ...unbound,
  ...relay,
  /** The URL of the lease that decides the sender's hub, if a store decides. */
  lease: z.string().max(300).nullish(),
};
export const nodeDocumentSchema = z.object(nodeDocument);
export type NodeDocument = z.infer<typeof nodeDocumentSchema>;

export const helloSchema = z.object({
  ...nodeDocument,
  challenge,
  /** The sender's wall clock, Unix milliseconds. */
  time_ms: z.number(),
  ...startClock,
  /** The sender was given the URL of the receiver, and never outranks it. */
  defers: z.boolean(),
  ...saidShape,
  /**
   * In a message to a node with the sender's own id: the start that is meant, which only live nodes
   * know.
   */
  to_boot_id: name.optional(),
});
export type Hello = z.infer<typeof helloSchema>;

export const helloReplySchema = z.object({
  ...nodeDocument,
  time_ms: z.number(),
  defers: z.boolean(),
  ...saidShape,
  proof,
});
export type HelloReply = z.infer<typeof helloReplySchema>;

const entryKey = z.string().min(1).max(128);

/** One server as the hub lists it. */
export const entryWireSchema = z.object({
  key: entryKey,
  /** The name that it asked for, if it is shown under another one. */
  label: name.optional(),
  record: serverRecordSchema,
  addresses,
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax),
  standing: z.object({ priority: z.number().int().min(0), may_claim: z.boolean() }),
  boot_id: z.string().max(LIMITS.nameCharactersMax),
  heartbeat_interval: seconds,
  /** The IP from which it has registered: the next hub recognises its owner by it. */
  source: z.string().max(255).nullish(),
  /** The node that has passed its registration on, if one has. */
  via: name.nullish(),
  ...relay,
});
export type EntryWire = z.infer<typeof entryWireSchema>;

/**
 * The part that changes with every heartbeat of a server; sent separately, since the rest rarely
 * changes.
 */
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

/** The changes of a hub's registry since the version that a follower has named. */
export const registryDeltaSchema = z.object({
  /** The boot id of the hub. */
  of: name,
  version: z.number().int().nonnegative(),
  /** The first page of the whole list: servers that it does not name have left. */
  whole: z.boolean(),
  /** There is more: ask again. */
  more: z.boolean(),
  entries: z.array(entryWireSchema).max(LIMITS.listRowsMax),
  figures: z.array(figuresWireSchema).max(LIMITS.listRowsMax),
  /** Keys of the servers that have left. */
  removed: z.array(entryKey).max(LIMITS.listRowsMax),
});
export type RegistryDelta = z.infer<typeof registryDeltaSchema>;

/** How far the sender follows the registry of a node: of which start, up to which version. */
export const registryPositionSchema = z.object({
  of: name.nullable(),
  version: z.number().int().nonnegative(),
});
export type RegistryPosition = z.infer<typeof registryPositionSchema>;

export const pingSchema = z.object({
  challenge,
  cluster: name,
  boot_id: name,
  registry: registryPositionSchema.nullable(),
  /** "I have lost this hub. Have you?" */
  lost_hub: name.nullable(),
  /** The sender's round trip to the receiver, which does not ping the sender itself. */
  rtt_ms: z.number().nonnegative().optional(),
  /** In a ping to the hub: a statement that it may show to other hubs. */
  follow: followStatementSchema.optional(),
  /** Hubs that the sender has heard of and does not follow; they should meet each other. */
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
  /** Whether the answering node can dial the sender; null before it has tried. */
  dialable: z.boolean().nullish(),
  /**
   * It leads, or hears its hub itself: a worker that follows through it is one hop away from the
   * hub.
   */
  hears_hub: z.boolean(),
  /** The delay of the answering node's timers, milliseconds: a slow node is not dead. */
  lag_ms: z.number().nonnegative(),
  /** The nodes that take over from the hub, best first; a worker passes on what it was told. */
  successors: z.array(name).max(SUCCESSORS_MAX),
  /** The answer to `lost_hub`; null if the answering node does not follow that hub. */
  lost: z.boolean().nullable(),
  registry: registryDeltaSchema.nullable(),
  ...saidShape,
  proof,
});
export type PingReply = z.infer<typeof pingReplySchema>;

/**
 * The lenient form for reading: an entry that cannot be parsed is dropped without the whole answer,
 * since the answer is the hub's sign of life.
 */
export const heardPingReplySchema: z.ZodType<PingReply> = pingReplySchema.extend({
  registry: registryDeltaSchema
    .extend({
      entries: z
        .array(entryWireSchema.nullable().catch(null))
        .max(LIMITS.listRowsMax)
        .transform((entries) => entries.filter((entry) => entry !== null)),
    })
    .nullable(),
});
