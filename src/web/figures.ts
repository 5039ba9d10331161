import { duration } from "../platform/durations.ts";
import type { Tank } from "./answers.ts";
import type { News } from "./aquarium.ts";

/** One figure below the tank; the detail is its tooltip. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly detail?: string;
}

/** The tank's figures, from the last frame, or else from the last answer. */
export function tankFigures(tank: Tank, news: News | undefined): readonly Figure[] {
  const live = news?.figures ?? {};
  const { alive = tank.fish_count, food = tank.food_count, plants = tank.plant_count } = live;
  const { max_generation = tank.max_generation, diversity = tank.diversity } = live;
  const { born = tank.ledger.born } = live;
  const { starvation = tank.deaths.starvation, predation = tank.deaths.predation } = live;
  const { old_age = tank.deaths.old_age } = live;
  const { poker_games = tank.poker_games.fish + tank.poker_games.plants } = live;
  const tick = news?.tick ?? tank.tank.tick;
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
    { name: "Tick", value: count(tick) },
    news?.past === true ? { name: "Pace", value: "past" } : paceOf(tank),
    lagOf(tank),
    pastOf(tank),
  ];
}

/** How far back the tank can be viewed. */
function pastOf({ tank, past_from_tick: from, tick_rate: rate }: Tank): Figure {
  const name = "Past";
  if (from === null || from === undefined) return { name, value: "–" };
  const ticks = Math.max(0, tank.tick - from);
  const value = rate > 0 ? duration(ticks / rate) : count(ticks);
  return { name, value, detail: `Can be viewed back to tick ${count(from)}` };
}

/** The achieved rate, and the requested one if it differs. */
function paceOf({ tank, ...view }: Tank): Figure {
  const { ticks_per_second: reached, tick_rate: asked, fast_forward_to: to } = view;
  const name = "Pace";
  if (tank.status !== "running") return { name, value: tank.status };
  if (to !== null) return { name, value: `→ ${count(to)}`, detail: "Fast-forward to this tick" };
  if (asked === 0)
    return { name, value: `${count(Math.round(reached))} /s`, detail: "As fast as possible" };
  return {
    name,
    value: `${reached.toFixed(1)} / ${count(asked)}`,
    detail: "Ticks per second: achieved, and requested",
  };
}

function lagOf({ tick_lag, skipped_ticks }: Tank): Figure {
  const left = skipped_ticks > 0 ? `; ${count(skipped_ticks)} were skipped` : "";
  return { name: "Lag", value: count(tick_lag), detail: `Ticks behind its schedule${left}` };
}

/** Why a tank is paused or stopped, in a sentence; undefined for a running one. */
export function noticeOf(view: Tank): string | undefined {
  const { status, tick } = view.tank;
  if (status === "stopped") return `Stopped: ${view.stopped_reason ?? "the node gives no reason"}`;
  if (status === "paused") return `Paused at tick ${count(tick)}. To resume: tankd tank resume`;
  return undefined;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
