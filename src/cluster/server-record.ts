import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";

const label = z.string().min(1).max(LIMITS.labelCharactersMax);
const name = z.string().min(1).max(LIMITS.nameCharactersMax);

export const serverStatusSchema = z.enum(["online", "degraded", "offline"]);
export const roleSchema = z.enum(["discovering", "hub", "worker"]);

const resourcesSchema = z
  .record(label, z.union([z.number(), z.string().max(LIMITS.metadataCharactersMax), z.boolean()]))
  .refine((resources) => Object.keys(resources).length <= LIMITS.labelsMax, {
    error: `at most ${LIMITS.labelsMax} resources`,
  });

export const metadataSchema = z
  .record(label, z.string().max(LIMITS.metadataCharactersMax))
  .refine((metadata) => Object.keys(metadata).length <= LIMITS.metadataMax, {
    error: `at most ${LIMITS.metadataMax} entries`,
  });

/** The flat description of a server that every list route answers with. */
export const serverRecordSchema = z.object({
  server_id: name,
  /** Derived from the node's key. Null for a foreign server that has none. */
  node_id: name.nullable(),
  hostname: z.string().max(255),
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65535),
  status: serverStatusSchema,
  /** Why a node that is present is not online, by its own report. */
  status_reason: z.string().max(1_000).nullish(),
  role: roleSchema,
  version: z.string().max(64),
  platform: z.string().max(64),
  architecture: z.string().max(64),
  tank_count: z.number().int().nonnegative(),
  /** The same number under Tank World's name for it. */
  world_count: z.number().int().nonnegative().default(0),
  fish_count: z.number().int().nonnegative(),
  active_connections: z.number().int().nonnegative(),
  capabilities: z.array(label).max(LIMITS.labelsMax),
  tags: z.array(label).max(LIMITS.labelsMax),
  resources: resourcesSchema,
  /** The operator's description of it. */
  metadata: metadataSchema.default({}),
  region: z.string().max(LIMITS.nameCharactersMax).nullable(),
  zone: z.string().max(LIMITS.nameCharactersMax).nullable(),
  cpu_percent: z.number().nonnegative(),
  memory_mb: z.number().nonnegative(),
  uptime_seconds: z.number().nonnegative(),
  registered_at: z.iso.datetime(),
  last_heartbeat: z.iso.datetime(),
  last_seen: z.iso.datetime(),
  rtt_ms: z.number().nonnegative().nullable(),
  /** Whether this node can dial it. */
  reachable: z.boolean(),
  /** The node through which it is reached if it cannot be dialled: it holds a tunnel there. */
  relay: label.nullish(),
  discovered_by: z.array(label).max(LIMITS.labelsMax),
  is_local: z.boolean(),
  api_url: z.string().max(300),
  /** False for a server that does not sign its requests: listed, but without rights. */
  signed: z.boolean(),
  /** Whether it belongs to the cluster: by the secret, or without one by its signature. */
  member: z.boolean().default(true),
});

export type ServerRecord = z.infer<typeof serverRecordSchema>;
export type ServerStatus = z.infer<typeof serverStatusSchema>;
export type Role = z.infer<typeof roleSchema>;

/** A tank as its host announces it: an entry of the directory of tanks. */
export const announcedTankSchema = z.object({
  tank_id: name,
  name: z.string().max(LIMITS.nameCharactersMax),
  epoch: z.number().int().positive(),
});
export type AnnouncedTank = z.infer<typeof announcedTankSchema>;

/** A node's last audit of its own tanks and of the pairs that they are in. */
export const auditNoteSchema = z.object({
  at: z.string(),
  /** Whether every node that it had to ask has answered, and every check was exact. */
  complete: z.boolean(),
  missing: z.number().int(),
  double: z.number().int(),
  /** When the last complete one began; null before the first. */
  whole_at: z.string().nullable(),
});
export type AuditNote = z.infer<typeof auditNoteSchema>;

/**
 * Whether a node keeps an automatic connection: `off` by the settings, `removed` by hand and for
 * good.
 */
export const autoConnectionSchema = z.enum(["on", "off", "removed"]);
export type AutoConnection = z.infer<typeof autoConnectionSchema>;
