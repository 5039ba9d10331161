import { mutationIn } from "../src/sim/heredity/diversity.ts";
import { GENE_CELLS } from "../src/sim/heredity/genes.ts";
import { drawGenome, inheritGenome } from "../src/sim/heredity/genome.ts";
import { JUVENILE_TICKS, ORIGINS, POKER_WINNER_SHARE } from "../src/sim/model.ts";
import { genomeOf } from "../src/sim/state/population.ts";
import { nextInteger, nextUnit, STREAM, STREAM_WORDS, seedStreams } from "../src/sim/state/rng.ts";
import type { Tank } from "../src/sim/state/tank.ts";

/**
 * A neutral shadow of a tank: every fish has a twin with a genome of its own, which is born and
 * dies with it. But a twin's parents are drawn at random among the adult twins, so that no gene
 * helps or harms. Founders are alike in both, and genomes are inherited and mutate by the same
 * code. What the fish do and their twins do not is the work of selection.
 */
export interface Shadow {
  readonly genes: Float32Array;
  readonly streams: Uint32Array;
  /** Twins by the counters of the ids of the living; none travels here. */
  readonly twins: Map<number, Twin>;
  readonly freeRows: number[];
  /** Counters of those who died in the tick under way. */
  readonly died: number[];
  lastId: number;
}

interface Twin {
  readonly row: number;
  readonly bornTick: number;
}

/** Begins to follow a tank whose founders have just been made. */
export function castShadow(tank: Tank, seed: number): Shadow {
  const rows = tank.arena.fish.capacity + 1;
  const shadow: Shadow = {
    genes: new Float32Array(rows * GENE_CELLS),
    streams: new Uint32Array(STREAM_WORDS),
    twins: new Map(),
    freeRows: Array.from({ length: rows }, (_, index) => rows - 1 - index),
    died: [],
    lastId: tank.counters.lastId,
  };
  seedStreams(shadow.streams, seed);
  const { fish, counters } = tank;
  for (let row = 0; row < counters.fish; row++) copyTwin(tank, shadow, row);
  tank.onDeath = (row) => shadow.died.push(fish.counter[row] as number);
  return shadow;
}

/** Follows the births and deaths of the tick that has passed. */
export function followTick(tank: Tank, shadow: Shadow): void {
  const { fish, counters } = tank;
  for (let row = 0; row < counters.fish; row++) {
    if ((fish.counter[row] as number) > shadow.lastId) bearTwin(tank, shadow, row);
  }
  shadow.lastId = counters.lastId;
  for (const counter of shadow.died) {
    const twin = shadow.twins.get(counter);
    // Who dies in the tick of its birth has had no twin.
    if (twin === undefined) continue;
    shadow.twins.delete(counter);
    shadow.freeRows.push(twin.row);
  }
  shadow.died.length = 0;
}

/** First cells of the genomes of all twins. */
export function twinGenomes({ twins }: Shadow): number[] {
  return Array.from(twins.values(), ({ row }) => row * GENE_CELLS);
}

function copyTwin(tank: Tank, shadow: Shadow, row: number): void {
  const genome = genomeOf(tank, row);
  const cell = enterTwin(tank, shadow, row);
  shadow.genes.set(tank.bodies.genes.subarray(genome, genome + GENE_CELLS), cell);
}

/** Gives the fish in the row a twin and returns the first cell of its genome. */
function enterTwin(tank: Tank, { twins, freeRows }: Shadow, row: number): number {
  const { fish, counters } = tank;
  const twinRow = freeRows.pop() as number;
  const bornTick = counters.tick - (fish.age[row] as number);
  twins.set(fish.counter[row] as number, { row: twinRow, bornTick });
  return twinRow * GENE_CELLS;
}

function bearTwin(tank: Tank, shadow: Shadow, row: number): void {
  const { fish } = tank;
  const { genes, streams } = shadow;
  const adults = adultGenomes(tank, shadow);
  const child = enterTwin(tank, shadow, row);
  if (fish.motherCounter[row] === 0) {
    drawGenome(genes, child, streams, STREAM.founding);
    return;
  }
  const alone = fish.fatherCounter[row] === 0;
  const mother = adults[nextInteger(streams, STREAM.breeding, adults.length)] as number;
  const other = adults[nextInteger(streams, STREAM.breeding, adults.length)] as number;
  const father = alone ? mother : other;
  const donor = nextUnit(streams, STREAM.breeding) < 0.5 ? mother : father;
  const poker = ORIGINS[fish.origin[row] as number] === "poker";
  const motherShare = alone ? 1 : poker ? POKER_WINNER_SHARE : 0.5;
  const parents = { mother, father, motherShare, donor };
  inheritGenome(genes, child, parents, mutationIn(tank, false), streams, STREAM.breeding);
}

/** Of all twins while none is adult. */
function adultGenomes(tank: Tank, { twins }: Shadow): number[] {
  const adults: number[] = [];
  for (const { row, bornTick } of twins.values()) {
    if (tank.counters.tick - bornTick >= JUVENILE_TICKS) adults.push(row * GENE_CELLS);
  }
  return adults.length > 0 ? adults : Array.from(twins.values(), ({ row }) => row * GENE_CELLS);
}
