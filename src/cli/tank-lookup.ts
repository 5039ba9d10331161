import { z } from "zod";
import { tankViewSchema } from "../api/tank-view.ts";
import { Problem } from "../platform/errors.ts";
import type { NodeClient } from "./client.ts";

/** `GET /api/tanks` */
export const tanksSchema = z.object({ tanks: z.array(tankViewSchema), count: z.number() });

/** An entry of `GET /gateway/tanks`. */
export const directoryEntrySchema = z.object({
  tank: z.object({ tank_id: z.string(), name: z.string(), server_id: z.string() }),
  server: z.object({ status: z.string(), api_url: z.string(), is_local: z.boolean() }),
});
/** The id of a tank of this node by id or by name; what is no such thing is left to the node to judge. */
export async function findTank(node: NodeClient, wanted: string): Promise<string> {
  const { tanks } = tanksSchema.parse(await node.get("/api/tanks"));
  if (tanks.some(({ tank }) => tank.tank_id === wanted)) return wanted;
  const named = tanks.filter(({ tank }) => tank.name === wanted);
  if (named.length > 1) {
    const ids = named.map(({ tank }) => tank.tank_id).join(", ");
    throw new Problem("usage", `several tanks are called ${wanted}; give the id of one: ${ids}`);
  }
  return named[0]?.tank.tank_id ?? wanted;
}

/** A tank of any node, by id or by a name that only one has; what is unknown is left to the node to judge. */
export async function findTankAnywhere(
  node: NodeClient,
  wanted: string,
): Promise<{ readonly tankId: string; readonly serverId: string | undefined }> {
  try {
    const body = await node.get(`/gateway/tanks/${encodeURIComponent(wanted)}`);
    const { tank } = directoryEntrySchema.parse(body);
    return { tankId: tank.tank_id, serverId: tank.server_id };
  } catch (error) {
    if (!(error instanceof Problem && error.code === "unknown_tank")) throw error;
    return { tankId: await findTank(node, wanted), serverId: undefined };
  }
}
