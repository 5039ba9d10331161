import { type TankView, tankViewSchema } from "../../../api/tank-view.ts";
import { Problem } from "../../../platform/errors.ts";
import type { NodeClient } from "../../node-access/client.ts";
import {
  findTank,
  findTankAnywhere,
  readTankAddress,
  tanksSchema,
} from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";

/**
 * The tanks that a command line names, each once, or all of the node. All names are resolved first,
 * so that a misspelt one leaves all tanks unchanged.
 * @throws Problem `usage`, or `unknown_tank` in the node's words, which say where it is hosted.
 */
export async function chosenTanks(
  node: NodeClient,
  wanted: readonly string[],
  all: boolean,
): Promise<readonly TankView[]> {
  if (all === wanted.length > 0) {
    throw new Problem(
      "usage",
      all
        ? "give tanks or --all, not both"
        : "which tank? Give its id or name, several of them, or --all",
    );
  }
  const { tanks } = readAnswer(tanksSchema, await node.get("/api/tanks"));
  if (all) return tanks;
  const chosen = new Set<TankView>();
  for (const word of wanted) {
    chosen.add(
      oneOf(tanks, word) ?? (await known(node, tanks, word)) ?? (await elsewhere(node, word)),
    );
  }
  return [...chosen];
}

function oneOf(tanks: readonly TankView[], wanted: string): TankView | undefined {
  const byId = tanks.find(({ tank }) => tank.tank_id === wanted);
  if (byId !== undefined) return byId;
  const named = tanks.filter(({ tank }) => tank.name === wanted);
  if (named.length > 1) {
    const ids = named.map(({ tank }) => tank.tank_id).join(", ");
    throw new Problem("usage", `several tanks are called ${wanted}; give the id of one: ${ids}`);
  }
  return named[0];
}

/** Resolves other forms by the node: an alias, SERVER::TANK. */
async function known(
  node: NodeClient,
  tanks: readonly TankView[],
  wanted: string,
): Promise<TankView | undefined> {
  const id = await findTank(node, wanted);
  return tanks.find(({ tank }) => tank.tank_id === id);
}

/**
 * A tank that is given as SERVER::TANK, which its node controls under a common secret. Anything
 * else the node refuses in its own words.
 */
async function elsewhere(node: NodeClient, wanted: string): Promise<TankView> {
  if (readTankAddress(wanted).server !== undefined) {
    const { tankId } = await findTankAnywhere(node, wanted);
    const path = `/gateway/api/tanks/${encodeURIComponent(tankId)}`;
    return readAnswer(tankViewSchema, await node.get(path));
  }
  await node.get(`/api/tanks/${encodeURIComponent(wanted)}`);
  throw new Problem("unknown_tank", `there is no tank ${wanted} here; see: tankd tank ls`);
}
