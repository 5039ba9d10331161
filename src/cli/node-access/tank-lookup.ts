import { z } from "zod";
import { tankViewSchema } from "../../api/tank-view.ts";
import { Problem } from "../../platform/errors.ts";
import { parseAnswer } from "../output/answer.ts";
import type { NodeClient } from "./client.ts";

/** `GET /api/tanks` */
export const tanksSchema = z.object({ tanks: z.array(tankViewSchema), count: z.number() });

const directoryEntrySchema = z.object({
  tank: z.object({ tank_id: z.string(), name: z.string(), server_id: z.string() }),
  server: z.object({
    node_id: z.string().nullable(),
    status: z.string(),
    api_url: z.string(),
    is_local: z.boolean(),
  }),
});
type DirectoryEntry = z.infer<typeof directoryEntrySchema>;

/** `GET /gateway/tanks`: the tanks of all nodes, each with its server. */
export const directorySchema = z.object({ tanks: z.array(directoryEntrySchema) });

/** A tank as it is given on the command line: `TANK`, or `SERVER::TANK`. */
export interface TankAddress {
  /** Its id or name. */
  readonly tank: string;
  readonly server: string | undefined;
}

const SEPARATOR = "::";

/** @throws Problem `usage` */
export function readTankAddress(text: string): TankAddress {
  const at = text.indexOf(SEPARATOR);
  const server = at === -1 ? undefined : text.slice(0, at);
  const tank = at === -1 ? text : text.slice(at + SEPARATOR.length);
  if (tank !== "" && server !== "") return { tank, server };
  throw new Problem("usage", `"${text}" is not a tank: give its id, its name, or SERVER::TANK`);
}

/**
 * The id of a tank of this node, given by id or name, or in a form that the node resolves: an
 * alias, SERVER::TANK. Anything else is passed to the node, which reports the error.
 * @throws Problem `usage`
 */
export async function findTank(node: NodeClient, wanted: string): Promise<string> {
  if (wanted === "") throw new Problem("usage", "a tank's name is not empty; see: tankd tank ls");
  const { tanks } = parseAnswer(tanksSchema, await node.get("/api/tanks"));
  if (tanks.some(({ tank }) => tank.tank_id === wanted)) return wanted;
  const named = tanks.filter(({ tank }) => tank.name === wanted);
  if (named.length > 1) {
    const ids = named.map(({ tank }) => tank.tank_id).join(", ");
    throw new Problem("usage", `several tanks are called ${wanted}; give the id of one: ${ids}`);
  }
  const [only] = named;
  if (only !== undefined) return only.tank.tank_id;
  const place = await askDirectory(node, wanted);
  return place?.server.is_local ? place.tank.tank_id : wanted;
}

/** The location of a tank of any node. */
export interface TankPlace {
  readonly tankId: string;
  readonly serverId: string | undefined;
}

/**
 * A tank of any node. If its server is given, a tank that the directory does not list is left to
 * the node: a large server announces only some of its tanks.
 * @throws Problem `unknown_tank`, or `conflict` where several may be meant.
 */
export async function findTankAnywhere(node: NodeClient, wanted: string): Promise<TankPlace> {
  const { tank: name, server } = readTankAddress(wanted);
  const place = await askDirectory(node, wanted);
  if (place !== undefined) return { tankId: place.tank.tank_id, serverId: place.tank.server_id };
  if (server !== undefined) return { tankId: name, serverId: server };
  const own = parseAnswer(tanksSchema, await node.get("/api/tanks"));
  const listed = own.tanks.some(({ tank }) => tank.tank_id === name || tank.name === name);
  if (listed) return { tankId: await findTank(node, name), serverId: undefined };
  throw new Problem(
    "unknown_tank",
    `no node has a tank ${name}; to list all tanks: tankd tank ls --all`,
  );
}

/**
 * The tank that the node resolves the text to; undefined where there is none.
 * @throws Problem `conflict`
 */
async function askDirectory(node: NodeClient, text: string): Promise<DirectoryEntry | undefined> {
  try {
    return parseAnswer(
      directoryEntrySchema,
      await node.get(`/gateway/tanks/${encodeURIComponent(text)}`),
    );
  } catch (error) {
    if (error instanceof Problem && error.code === "unknown_tank") return undefined;
    throw error;
  }
}

/** A short name of each tank: its name, or its id if the name is not unique on its server. */
export function namesOf({ tanks }: z.infer<typeof directorySchema>): ReadonlyMap<string, string> {
  const placeOf = ({ tank }: DirectoryEntry) => `${tank.server_id}${SEPARATOR}${tank.name}`;
  const sharers = Map.groupBy(tanks, placeOf);
  return new Map(
    tanks.map((entry) => [
      entry.tank.tank_id,
      sharers.get(placeOf(entry))?.length === 1 ? entry.tank.name : entry.tank.tank_id,
    ]),
  );
}
