import { z } from "zod";
import type { BackendStatus, Cause, LinkReport } from "../../discovery/backend.ts";
import type { SolitudeReport } from "../solitude/solitude.ts";

/** How a node tells of its discovery. */
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
  /** What to do about what the detail complains of. */
  mend: z.string().optional(),
  nominations: z.number().int(),
  links: z.array(linkSchema).optional(),
}) satisfies z.ZodType<BackendStatus>;

/** For how long nobody else has been there, and why that may be. */
export const aloneSchema = z.object({
  seconds: z.number().int(),
  causes: z.array(causeSchema),
}) satisfies z.ZodType<SolitudeReport>;
