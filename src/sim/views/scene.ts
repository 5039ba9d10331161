import { daylightAt } from "../habitat/daylight.ts";
import { plantIdOf } from "../plants/garden.ts";
import { REST_TICKS, TABLE_REACH } from "../poker/rules.ts";
import { fishIdOf } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import type { FishId, GameView, PlantId, Scene } from "../types.ts";
import { crabsOf, feedersOf, foodSizesOf, plantsOf } from "./habitat-views.ts";
import { fishOf, foodOf } from "./views.ts";

/** Everything that can be seen of a tank at one tick, but the looks of plants. */
export function sceneOf(tank: Tank): Scene {
  const sizes = foodSizesOf(tank);
  return {
    tick: tank.tick,
    width: tank.width,
    height: tank.height,
    daylight: daylightAt(tank.tick),
    fish: fishOf(tank),
    food: foodOf(tank).map(([x, y, kind], item) => [x, y, kind, sizes[item] ?? 1]),
    crabs: crabsOf(tank),
    plants: plantsOf(tank),
    feeders: feedersOf(tank),
    games: gamesOf(tank),
  };
}

/** Games are shown for half a second at 30 ticks a second. */
const GAME_SHOWN_TICKS = 15;

interface Game extends GameView {
  readonly x: number;
  readonly y: number;
  readonly fishIds: FishId[];
  readonly plantIds: PlantId[];
}

/**
 * The poker games of the last ticks. No tank keeps them: they are told from how long each player
 * has still to rest, and from where it is. Two tables of one tick side by side look like one.
 */
export function gamesOf(tank: Tank): GameView[] {
  const { fish, plants, counters } = tank;
  const games: Game[] = [];
  for (let row = 0; row < counters.fish; row++) {
    const rest = fish.pokerRestUntil[row] - fish.age[row];
    const game = findGame(games, REST_TICKS - rest, fish.x[row], fish.y[row]);
    game?.fishIds.push(fishIdOf(tank, row));
  }
  for (let row = 0; row < counters.plants; row++) {
    // Plants begin to rest a tick later than fish, which age at the end of the tick.
    const ago = REST_TICKS + 1 - plants.cooldown[row];
    const game = findGame(games, ago, plants.x[row], plants.y[row]);
    game?.plantIds.push(plantIdOf(tank, row));
  }
  return games
    .filter(({ fishIds, plantIds }) => fishIds.length > 0 && fishIds.length + plantIds.length > 1)
    .map(({ ago, fishIds, plantIds }) => ({ ago, fishIds, plantIds }));
}

/** The game of so many ticks ago around this place, a new one where there is none yet. */
function findGame(games: Game[], ago: number, x: number, y: number): Game | undefined {
  if (ago > GAME_SHOWN_TICKS) return undefined;
  const known = games.find(
    (game) =>
      game.ago === ago &&
      Math.abs(game.x - x) <= TABLE_REACH &&
      Math.abs(game.y - y) <= TABLE_REACH,
  );
  if (known !== undefined) return known;
  const game = { ago, x, y, fishIds: [], plantIds: [] };
  games.push(game);
  return game;
}
