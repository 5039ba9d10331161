import { z } from "zod";
import { serverRecordSchema } from "../../cluster/server-record.ts";

const serverSchema = serverRecordSchema.extend({ member: z.boolean().optional() });
export type Server = z.infer<typeof serverSchema>;

/** `GET /api/discovery/servers` */
export const serversSchema = z.object({
  servers: z.array(serverSchema),
  /** Nodes without the cluster's secret, where it has one. */
  strangers: z.array(serverSchema).optional(),
  count: z.number(),
});
