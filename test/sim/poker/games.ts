import { GENE_CELLS } from "../../../src/sim/heredity/genes.ts";
import { drawGenome } from "../../../src/sim/heredity/genome.ts";
import { INFORMATION_SETS, REGRET_CELLS } from "../../../src/sim/model.ts";
import { type Game, makeGame } from "../../../src/sim/poker/players.ts";
import { STREAM } from "../../../src/sim/state/rng.ts";
import { streamsOf } from "./hands.ts";

export interface School {
  readonly game: Game;
  readonly genes: Float32Array;
}

/** A game with `fish` random genomes that have learned nothing yet. */
export function schoolOf(seed: number, fish: number): School {
  const game = makeGame();
  game.streams = streamsOf(seed);
  const genes = new Float32Array(fish * GENE_CELLS);
  for (let body = 0; body < fish; body++) {
    drawGenome(genes, body * GENE_CELLS, game.streams, STREAM.founding);
  }
  game.regrets = new Float32Array(fish * REGRET_CELLS);
  game.visits = new Uint32Array(fish * INFORMATION_SETS);
  return { game, genes };
}

/** The usual stakes for seats with these chips. */
export function stake(game: Game, chips: readonly number[], button: number): void {
  const { table } = game;
  const big = Math.min(8_000, Math.floor(0.3 * Math.min(...chips)));
  table.seats = chips.length;
  table.button = button;
  table.ante = 5_000;
  table.bigBlind = big;
  table.smallBlind = big >> 1;
  table.bought.set(chips);
}
