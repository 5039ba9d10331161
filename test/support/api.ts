import { z } from "zod";

/** The parts of the API's answers that tests and benchmarks look at; see /openapi.json. */

const count = z.number().int().nonnegative();

const serverSchema = z.object({
  server_id: z.string(),
  /** Null for a server of another program. */
  node_id: z.string().nullable(),
  host: z.string(),
  port: z.number(),
  status: z.enum(["online", "degraded", "offline"]),
  status_reason: z.string().nullish(),
  role: z.enum(["hub", "worker", "discovering"]),
  is_local: z.boolean(),
  /** Whether the node that tells can dial it. */
  reachable: z.boolean().optional(),
  signed: z.boolean(),
  last_heartbeat: z.string(),
});
export type Server = z.infer<typeof serverSchema>;
export const serversSchema = z.object({ servers: z.array(serverSchema), count });

/** `/api/servers/local`: what a node says of itself, and whom it follows. */
export const localSchema = serverSchema.extend({
  hub: z.object({ node_id: z.string().nullable() }).nullable(),
  term: z.object({ counter: count }),
});

export const identitySchema = z.object({
  protocol: z.number(),
  node_id: z.string(),
  cluster: z.string(),
});

export const tankSchema = z.object({
  tank: z.object({ tank_id: z.string(), name: z.string(), status: z.string(), tick: count }),
  fish_count: count,
  ledger: z.object({
    founded: count,
    born: count,
    spawned: count,
    imported: count,
    restored: count,
    died: z.record(z.string(), count),
    exported: count,
    removed: count,
  }),
});
export type Tank = z.infer<typeof tankSchema>;
export const tanksSchema = z.object({ tanks: z.array(tankSchema), count });

export const transfersSchema = z.object({
  transfers: z.array(
    z.object({
      transfer_id: z.string().nullable(),
      direction: z.enum(["out", "in"]),
      state: z.string(),
      entity_id: z.string().nullable(),
      destination_node_id: z.string().optional(),
    }),
  ),
  count,
});
export type Transfer = z.infer<typeof transfersSchema>["transfers"][number];

export const connectionsSchema = z.object({
  connections: z.array(z.object({ connection_id: z.string(), origin: z.string() })),
  count,
});

export const fishSchema = z.object({ fish: z.array(z.object({ fish_id: z.string() })) });

export const nodeFileSchema = z.object({ url: z.string(), node_id: z.string(), pid: z.number() });

export const statusSchema = z.object({
  node_id: z.string(),
  role: z.string(),
  status: z.string(),
  status_reason: z.string().nullish(),
});

export const healthSchema = z.object({ status: z.string(), node_id: z.string() });

export const readinessSchema = z.object({
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

export const startedSchema = z.object({ node_id: z.string(), url: z.string() });
