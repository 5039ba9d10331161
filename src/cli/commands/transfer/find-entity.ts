import { Problem } from "../../../platform/errors.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { directorySchema, type TankPlace } from "../../node-access/tank-lookup.ts";
import { parseAnswer } from "../../output/answer.ts";

/** Tanks that are asked at a time. */
const AT_ONCE = 8;

/**
 * The tank of any node in which a fish lives now. Those of the node itself are asked first.
 * @throws Problem `unknown_fish`, which names tanks that did not answer
 */
export async function findEntity(node: NodeClient, fish: string): Promise<TankPlace> {
  const { tanks } = parseAnswer(directorySchema, await node.get("/gateway/tanks"));
  const ordered = tanks.toSorted((a, b) => Number(b.server.is_local) - Number(a.server.is_local));
  const silent: string[] = [];
  for (let from = 0; from < ordered.length; from += AT_ONCE) {
    const group = ordered.slice(from, from + AT_ONCE);
    const found = await Promise.all(
      group.map(async ({ tank }) => {
        const has = await hasFish(node, tank.tank_id, fish);
        if (has === undefined) silent.push(`${tank.server_id}::${tank.name}`);
        return has ? tank : undefined;
      }),
    );
    const tank = found.find((one) => one !== undefined);
    if (tank) return { tankId: tank.tank_id, serverId: tank.server_id };
  }
  const unasked = silent.length === 0 ? "" : `; not asked: ${silent.join(", ")}`;
  throw new Problem("unknown_fish", `no tank has a living fish ${fish}${unasked}`);
}

/** Undefined where the tank does not answer. */
async function hasFish(node: NodeClient, tank: string, fish: string): Promise<boolean | undefined> {
  const [tankPart, fishPart] = [encodeURIComponent(tank), encodeURIComponent(fish)];
  try {
    await node.get(`/gateway/api/tanks/${tankPart}/fish/${fishPart}`);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.code === "unknown_fish" || error.code === "unknown_tank" ? false : undefined;
  }
}
