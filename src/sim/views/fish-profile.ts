import { foodWay, pokerWay, socialWay, threatWay, WAY_NAMES } from "../behaviour/ways.ts";
import { strengthAt } from "../life/memory.ts";
import { MEMORY_CELLS, ORIGINS } from "../model.ts";
import { findFish } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import type { FishId, FishProfile } from "../types.ts";
import { fishViewAt } from "./views.ts";

/** All that there is to know of one living fish; undefined when there is none of that id. */
export function fishProfileOf(tank: Tank, fishId: FishId): FishProfile | undefined {
  const row = findFish(tank, fishId);
  if (row === undefined) return undefined;
  const { fish } = tank;
  const niche = fish.niche[row];
  return {
    ...fishViewAt(tank, row),
    origin: ORIGINS[fish.origin[row]] ?? ORIGINS[0],
    born_tick: fish.bornTick[row],
    bank: fish.bank[row],
    offspring: fish.offspring[row],
    behaviour: {
      threat: nameOf(WAY_NAMES.threat, threatWay(niche)),
      food: nameOf(WAY_NAMES.food, foodWay(niche)),
      social: nameOf(WAY_NAMES.social, socialWay(niche)),
      poker: nameOf(WAY_NAMES.poker, pokerWay(niche)),
    },
    poker: {
      games: fish.pokerGames[row],
      wins: fish.pokerWins[row],
      net_energy: fish.pokerNet[row],
    },
    memories: countMemories(tank, row),
  };
}

function nameOf(names: readonly string[], way: number): string {
  return names[way] ?? "";
}

/** Places that it has not forgotten. */
function countMemories({ fish, bodies }: Tank, row: number): number {
  const first = fish.body[row] * MEMORY_CELLS;
  const age = fish.age[row];
  let count = 0;
  for (let cell = first; cell < first + MEMORY_CELLS; cell++) {
    const { memoryStrength, memoryAge } = bodies;
    if (strengthAt(memoryStrength[cell], memoryAge[cell], age) > 0) count += 1;
  }
  return count;
}
