import { diceUnit, rollDice } from "../state/rng.ts";
import type { DeathCause } from "../types.ts";
import { absorb, finishHash, hexOf, startHash } from "../wire/hash.ts";
import { type ArchipelagoSpec, migrationDice } from "./archipelago-spec.ts";
import type { Arrival, CrewOrder, IslandReport, Pick } from "./island-crew.ts";
import { destinationOf } from "./topology.ts";

/** Ticks between two samples of the time series. */
export const SAMPLE_TICKS = 100;
/** Fish-steps between two reports when nothing asks for one sooner: about a tenth of a second. */
const SEGMENT_STEPS = 500_000;
const FISH_PER_TANK = 50;

/** What a sealed run has come to: all but the time that it took. */
export interface RunResult {
  readonly seed: number;
  readonly ticks: number;
  readonly tanks: number;
  readonly digest: string;
  /** Living fish summed over ticks and tanks. */
  readonly fish_steps: number;
  readonly alive: number;
  readonly births: number;
  /** Emergency spawns. */
  readonly spawned: number;
  readonly deaths: Readonly<Record<DeathCause, number>>;
  readonly max_generation: number;
  readonly poker_games: number;
  /** Mean of the tanks', each weighted with its fish. */
  readonly diversity: number;
  /** Fish that entered another tank. */
  readonly migrations: number;
}

/** One round: an order for each crew, and what became known in the round before. */
export interface Turn {
  readonly orders: readonly CrewOrder[];
  readonly tick: number;
  readonly alive: number;
  readonly fishSteps: number;
  /** Reports of the round before, in tank order: samples and lives are to be written down. */
  readonly news: readonly IslandReport[];
}

/** What the crews said to the orders of a turn, and whether the run is to end here. */
export interface Answer {
  readonly reports: readonly (readonly IslandReport[])[];
  readonly stop: boolean;
}

/** The end of a run: `news` as in {@link Turn}. */
export interface Conclusion {
  readonly result: RunResult;
  readonly news: readonly IslandReport[];
}

/**
 * Conducts a sealed world that `crews` crews run side by side. It yields orders and takes reports,
 * and does not care who carries them out where. Crews meet at barriers between ticks; everything
 * that concerns two tanks is decided here, in the order of the tanks, so the result is the same for
 * any number of crews.
 */
export function* conduct(
  spec: ArchipelagoSpec,
  crews: number,
  chronicled: boolean,
): Generator<Turn, Conclusion, Answer> {
  const exchange = new Exchange(spec);
  let tick = 0;
  let sampledTick = 0;
  let arrivals: readonly Arrival[] = [];
  let { news, stop } = yield* ask(0, [], foundOrders(spec, crews, chronicled));
  while (tick < spec.ticks && !stop) {
    if (exchange.isDue(tick)) {
      const picks = exchange.choose(news);
      const sent = yield* ask(tick, news, everyCrew(crews, { kind: "send", picks }));
      arrivals = exchange.deliver(sent.news);
      news = sent.news;
    }
    const ticks = segmentTicks(spec, tick, chronicled);
    const sampled = chronicled && isSampled(tick + ticks, spec.ticks);
    const orders = advanceOrders(crews, ticks, arrivals, sampled);
    ({ news, stop } = yield* ask(tick, news, orders));
    tick += ticks;
    if (sampled) sampledTick = tick;
    arrivals = [];
  }
  const end = yield* ask(tick, news, everyCrew(crews, { kind: "close" }));
  const result = resultOf(spec, tick, end.news, exchange);
  if (sampledTick !== tick) return { result, news: end.news };
  return { result, news: end.news.map((island) => ({ ...island, sample: undefined })) };
}

function* ask(
  tick: number,
  news: readonly IslandReport[],
  orders: readonly CrewOrder[],
): Generator<Turn, { news: readonly IslandReport[]; stop: boolean }, Answer> {
  const sum = (of: (island: IslandReport) => number) =>
    news.reduce((total, island) => total + of(island), 0);
  const answer = yield {
    orders,
    tick,
    alive: sum((island) => island.alive),
    fishSteps: sum((island) => island.fishSteps),
    news,
  };
  const reports = answer.reports.flat().sort((a, b) => a.island - b.island);
  return { news: reports, stop: answer.stop };
}

/** Island i belongs to crew i modulo the crews. */
function foundOrders(spec: ArchipelagoSpec, crews: number, chronicled: boolean): CrewOrder[] {
  const all = Array.from({ length: spec.tanks }, (_, island) => island);
  return Array.from({ length: crews }, (_, crew) => {
    const islands = all.filter((island) => island % crews === crew);
    return { kind: "found", spec, islands, chronicled };
  });
}

function advanceOrders(
  crews: number,
  ticks: number,
  arrivals: readonly Arrival[],
  sampled: boolean,
): CrewOrder[] {
  return Array.from({ length: crews }, (_, crew) => {
    const own = arrivals.filter((arrival) => arrival.island % crews === crew);
    return { kind: "advance", ticks, arrivals: own, sampled };
  });
}

function everyCrew(crews: number, order: CrewOrder): CrewOrder[] {
  return Array.from({ length: crews }, () => order);
}

/**
 * Ticks until crews must meet: by the spec alone, so that what is written is the same for any
 * crews.
 */
function segmentTicks(spec: ArchipelagoSpec, tick: number, chronicled: boolean): number {
  const steps = Math.floor(SEGMENT_STEPS / (spec.tanks * Math.max(FISH_PER_TANK, spec.fish)));
  let ticks = Math.min(Math.max(1, steps), spec.ticks - tick);
  if (chronicled) ticks = Math.min(ticks, SAMPLE_TICKS - (tick % SAMPLE_TICKS));
  if (spec.migrateEvery > 0)
    ticks = Math.min(ticks, spec.migrateEvery - (tick % spec.migrateEvery));
  return ticks;
}

function isSampled(tick: number, end: number): boolean {
  return tick % SAMPLE_TICKS === 0 || tick === end;
}

/** Who goes where at the barriers. */
class Exchange {
  readonly #spec: ArchipelagoSpec;
  #dice: number;
  #sent: readonly number[];
  #room: number[] = [];
  #migrations = 0;

  constructor(spec: ArchipelagoSpec) {
    this.#spec = spec;
    this.#dice = migrationDice(spec.seed);
    this.#sent = Array.from({ length: spec.tanks }, () => 0);
  }

  get migrations(): number {
    return this.#migrations;
  }

  /** State of the stream, for the digest. */
  get dice(): number {
    return this.#dice;
  }

  /** Fish change tanks before the tick that follows the barrier. */
  isDue(tick: number): boolean {
    const { tanks, migrateEvery } = this.#spec;
    return tanks > 1 && migrateEvery > 0 && tick > 0 && tick % migrateEvery === 0;
  }

  /** Draws without putting back, in tank order; a tank with fewer fit fish sends those. */
  choose(islands: readonly IslandReport[]): readonly Pick[] {
    this.#room = islands.map(({ capacity, alive }) => capacity - alive);
    return islands.map(({ island, fit }) => {
      const left = Array.from({ length: fit }, (_, place) => place);
      const places: number[] = [];
      while (left.length > 0 && places.length < this.#spec.migrants) {
        const drawn = Math.floor(this.#draw() * left.length);
        places.push(...left.splice(drawn, 1));
      }
      this.#room[island] = this.#room[island] + places.length;
      return { island, places };
    });
  }

  /**
   * All have left; now they arrive in the order of their tanks. A full tank sends the fish back.
   */
  deliver(islands: readonly IslandReport[]): readonly Arrival[] {
    const { topology, tanks } = this.#spec;
    const counts = [...this.#sent];
    const arrivals = islands.flatMap(({ island: source, sent }) =>
      sent.map((record): Arrival => {
        const n = counts[source];
        const wished = destinationOf(topology, tanks, source, n, this.#draw());
        const returned = this.#room[wished] <= 0;
        const island = returned ? source : wished;
        counts[source] = n + 1;
        this.#room[island] = this.#room[island] - 1;
        if (!returned) this.#migrations += 1;
        return { island, record, returned };
      }),
    );
    this.#sent = counts;
    return arrivals;
  }

  #draw(): number {
    this.#dice = rollDice(this.#dice);
    return diceUnit(this.#dice);
  }
}

function resultOf(
  spec: ArchipelagoSpec,
  tick: number,
  islands: readonly IslandReport[],
  exchange: Exchange,
): RunResult {
  const all = islands.flatMap(({ stats }) => (stats === undefined ? [] : [stats]));
  const sum = (of: (stats: (typeof all)[number]) => number) =>
    all.reduce((total, stats) => total + of(stats), 0);
  const alive = sum((stats) => stats.alive);
  return {
    seed: spec.seed,
    ticks: tick,
    tanks: spec.tanks,
    digest: digestOf(islands, exchange),
    fish_steps: islands.reduce((total, island) => total + island.fishSteps, 0),
    alive,
    births: sum(({ ledger }) => ledger.born),
    spawned: sum(({ ledger }) => ledger.spawned),
    deaths: {
      starvation: sum(({ ledger }) => ledger.died.starvation),
      predation: sum(({ ledger }) => ledger.died.predation),
      old_age: sum(({ ledger }) => ledger.died.old_age),
    },
    max_generation: Math.max(...all.map((stats) => stats.maxGeneration)),
    poker_games: sum(({ games }) => games.fish + games.plants),
    diversity: alive > 0 ? sum((stats) => stats.diversity * stats.alive) / alive : 0,
    migrations: exchange.migrations,
  };
}

/**
 * That of the one tank; of several a hash of theirs, in tank order, and of the exchange's state.
 */
function digestOf(islands: readonly IslandReport[], exchange: Exchange): string {
  const digests = islands.map((island) => island.digest ?? "");
  const [first] = digests;
  if (digests.length === 1 && first !== undefined) return first;
  const words = Uint32Array.of(
    exchange.migrations,
    exchange.dice,
    ...digests.flatMap((hex) => hex.match(/.{8}/g) ?? []).map((word) => Number.parseInt(word, 16)),
  );
  const state = startHash();
  absorb(state, words, 0, words.length);
  return hexOf(finishHash(state));
}
