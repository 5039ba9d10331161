import type { Tank } from "./answers.ts";
import type { News } from "./aquarium.ts";

/** One figure under the tank; the detail shows itself to those who point at it. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly detail?: string;
}

/** The tank in numbers: what the last frame says, else what the last answer said. */
export function tankFigures(tank: Tank, news: News | undefined): readonly Figure[] {
  const live = news?.figures ?? {};
  const { alive = tank.fish_count, food = tank.food_count, plants = tank.plant_count } = live;
  const { max_generation = tank.max_generation, diversity = tank.diversity } = live;
  const { born = tank.ledger.born } = live;
  const { starvation = tank.deaths.starvation, predation = tank.deaths.predation } = live;
  const { old_age = tank.deaths.old_age } = live;
  const { poker_games = tank.poker_games.fish + tank.poker_games.plants } = live;
  const tick = news?.tick ?? tank.tank.tick;
  const { status } = tank.tank;
  return [
    { name: "Fish", value: `${alive} / ${tank.capacity}` },
    { name: "Plants", value: count(plants) },
    { name: "Food", value: count(food) },
    { name: "Generation", value: count(max_generation) },
    { name: "Diversity", value: `${Math.round(diversity * 100)} %` },
    { name: "Light", value: news?.daylight.phase ?? "–" },
    { name: "Born", value: count(born) },
    { name: "Starved", value: count(starvation) },
    { name: "Eaten", value: count(predation), detail: "Caught by a crab" },
    { name: "Old age", value: count(old_age), detail: "Died of old age" },
    { name: "Poker", value: count(poker_games), detail: "Games of Texas Hold'em so far" },
    {
      name: "Pace",
      value: status === "running" ? `${tank.ticks_per_second.toFixed(1)} /s` : status,
      detail: `Tick ${count(tick)}`,
    },
  ];
}

function count(number: number): string {
  return number.toLocaleString("en");
}
