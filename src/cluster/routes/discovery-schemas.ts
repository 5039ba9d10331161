import { z } from "zod";
import type { BackendStatus, Cause, LinkReport } from "../../discovery/backend.ts";
import type { SolitudeReport } from "../solitude/solitude.ts";

/** A node's report about its discovery. */
const causeSchema = z.object({
  code: z.string(),
  what: z.string(),
  mend: z.string().nullable(),
  fault: z.boolean(),
}) satisfies z.ZodType<Cause>;

const linkSchema = z.object({
  name: z.string(),
  sent: z.number().int(),
  heard: z.number().int(),
  others: z.number().int(),
  refused: z.array(z.object({ reason: z.string(), count: z.number().int() })),
  causes: z.array(causeSchema),
}) satisfies z.ZodType<LinkReport>;

export const backendSchema = z.object({
  name: z.string(),
  state: z.enum(["starting", "running", "failed", "stopped"]),
  detail: z.string(),
  /** How to fix what the detail reports. */
  mend: z.string().optional(),
  nominations: z.number().int(),
  links: z.array(linkSchema).optional(),
}) satisfies z.ZodType<BackendStatus>;

/** For how long no other node has been there, and possible causes. */
export const aloneSchema = z.object({
  seconds: z.number().int(),
  causes: z.array(causeSchema),
}) satisfies z.ZodType<SolitudeReport>;
