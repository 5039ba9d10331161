import { GENES } from "../heredity/genes.ts";
import { isFitToTravel } from "../heredity/reproduction.ts";
import { sizeAt } from "../life/metabolism.ts";
import { LEFT, marginsOf } from "../life/motion.ts";
import { BODY_HALF } from "../model.ts";
import { fishIdOf, genomeOf } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import type { Migrant, MigrantOrder, Side } from "../types.ts";
import { writeRecord } from "../wire/record.ts";

/** A fish that is no further from the wall than its own length is at the wall. */
const WALL_REACH = 2 * BODY_HALF;

type Measure = (tank: Tank, row: number) => number;

const MEASURES: Readonly<Record<string, Measure>> = {
  energy: ({ fish }, row) => fish.energy[row],
  speed: ({ fish }, row) => fish.maxSpeed[row],
  size: ({ fish }, row) => sizeAt(fish.age[row], fish.girth[row]),
  sight: ({ fish }, row) => fish.sight[row],
  lifespan: ({ fish }, row) => fish.lifespan[row],
  generation: ({ fish }, row) => fish.generation[row],
  offspring: ({ fish }, row) => fish.offspring[row],
  poker_wins: ({ fish }, row) => fish.pokerWins[row],
  poker_net_energy: ({ fish }, row) => fish.pokerNet[row],
  ...measuresOfGenes(),
};

/** The traits by which a fish can be the best. Of the genes those that have a size. */
export const TRAITS: readonly string[] = Object.keys(MEASURES);

/** Policies without a trait. `best` alone is `best:energy`. */
export const SELECTIONS = ["random", "best", "oldest", "youngest", "boundary"] as const;

const BEST = "best:";

/** Whether text is one of {@link SELECTIONS}, or `best:` and one of {@link TRAITS}. */
export function isSelection(text: string): boolean {
  if (text.startsWith(BEST)) return Object.hasOwn(MEASURES, text.slice(BEST.length));
  return SELECTIONS.some((known) => known === text);
}

/**
 * The fish that leave by the order's selection policy: one for each of its draws while there are
 * fit ones. Of a tie the lower id is chosen. Reads the tank only.
 */
export function selectMigrants(tank: Tank, order: MigrantOrder): Migrant[] {
  const fit: number[] = [];
  for (let row = 0; row < tank.counters.fish; row++) {
    if (isFitToTravel(tank.fish.age[row])) fit.push(row);
  }
  return chosen(tank, fit, order).map((row) => ({
    fishId: fishIdOf(tank, row),
    side: order.direction === "both" ? nearerWall(tank, row) : order.direction,
    ...(order.copies ? { record: writeRecord(tank, row) } : {}),
  }));
}

function chosen(tank: Tank, fit: readonly number[], order: MigrantOrder): readonly number[] {
  const { selection, direction, draws } = order;
  const ranked = (measure: Measure) =>
    fit.toSorted((a, b) => measure(tank, b) - measure(tank, a) || a - b).slice(0, draws.length);
  if (selection === "oldest") return ranked(({ fish }, row) => fish.age[row]);
  if (selection === "youngest") return ranked(({ fish }, row) => -fish.age[row]);
  if (selection === "best") return ranked(MEASURES["energy"]);
  if (selection.startsWith(BEST)) return ranked(MEASURES[selection.slice(BEST.length)]);
  const atWall = fit.filter((row) => isAtWall(tank, row, direction));
  if (selection === "boundary") return drawn(atWall, draws);
  if (direction === "both") return drawn(fit, draws);
  const first = drawn(atWall, draws);
  const others = fit.filter((row) => !atWall.includes(row));
  return [...first, ...drawn(others, draws.slice(first.length))];
}

/** One row for each draw, without replacement. */
function drawn(rows: readonly number[], draws: readonly number[]): number[] {
  const left = [...rows];
  return draws.flatMap((unit) => left.splice(Math.floor(unit * left.length), 1));
}

function isAtWall(tank: Tank, row: number, direction: MigrantOrder["direction"]): boolean {
  const { right } = marginsOf(tank.width, tank.height);
  const x = tank.fish.x[row];
  const atLeft = x - LEFT <= WALL_REACH;
  const atRight = right - x <= WALL_REACH;
  return (direction !== "right" && atLeft) || (direction !== "left" && atRight);
}

function nearerWall(tank: Tank, row: number): Side {
  return tank.fish.x[row] < tank.width / 2 ? "left" : "right";
}

/** By their names on the wire. A choice has no order, and no taste in mates is the best. */
function measuresOfGenes(): Readonly<Record<string, Measure>> {
  const own = GENES.filter(({ name, type }) => type === "real" && !name.startsWith("mate_"));
  return Object.fromEntries(
    own.map(({ name }) => [name, measureOfGene(GENES.findIndex((gene) => gene.name === name))]),
  );
}

function measureOfGene(column: number): Measure {
  return (tank, row) => tank.bodies.genes[genomeOf(tank, row) + column];
}
