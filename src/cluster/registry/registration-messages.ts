import { z } from "zod";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { announcedTankSchema, metadataSchema, serverRecordSchema } from "../server-record.ts";
import { addressesSchema, hostSchema, nameSchema } from "../wire-names.ts";

const name = nameSchema;
const amount = z.number().nonnegative();
/** Truncated to a whole number, which must remain exact. */
const count = amount.max(Number.MAX_SAFE_INTEGER);

/**
 * A registration by a server record, of which only the id is required. The record of another
 * program (Tank World) has fields of its own; those with a meaning here are kept.
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
  tank_count: count.optional(),
  world_count: count.optional(),
  fish_count: count.optional(),
  active_connections: count.optional(),
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
  addresses: addressesSchema.optional(),
  tanks: z.array(announcedTankSchema).max(LIMITS.tanksAnnouncedMax).optional(),
  standing: z.object({ priority: z.number().int().min(0), may_claim: z.boolean() }).optional(),
  status_reason: serverRecordSchema.shape.status_reason,
  /** The node through which it is reached, if nobody can dial it. */
  relay: name.nullish(),
  /** Seconds; the sender's silence is judged by it. */
  heartbeat_interval: z.number().positive().optional(),
});
export type Registration = z.infer<typeof registrationSchema>;

/** The figures of a heartbeat; the whole record is accepted too. */
export const heartbeatSchema = registrationSchema.partial();
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/**
 * A request that a node passes on unchanged to its hub, with its signature if it has one: only that
 * signature identifies the author. The control token is never passed on.
 */
export const forwardSchema = z.object({
  /** The IP from which the forwarder received it. */
  source: z.string().max(64).refine(isIpLiteral, { error: "not an IP address" }),
  /** The address of the registered server according to the forwarder's operator. */
  named: hostSchema.optional(),
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
