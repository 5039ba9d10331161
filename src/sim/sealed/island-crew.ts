import { apply } from "../commands.ts";
import { isFitToTravel } from "../heredity/reproduction.ts";
import { SimulationFault } from "../state/ledger.ts";
import type { Tank } from "../state/tank.ts";
import type { Command, TankStats } from "../types.ts";
import { migrants, statsOf } from "../views/views.ts";
import { digest } from "../wire/digest.ts";
import { createTank, step } from "../world.ts";
import { type ArchipelagoSpec, islandSpec } from "./archipelago-spec.ts";
import { type PhylogenyRow, phylogenyRow } from "./phylogeny.ts";
import { sampleOf } from "./sample.ts";

/**
 * What a crew may be told; every order is plain data, so that a crew may live on another thread.
 */
export type CrewOrder =
  | {
      readonly kind: "found";
      readonly spec: ArchipelagoSpec;
      readonly islands: readonly number[];
      /** Whether deaths are to be told. */
      readonly chronicled: boolean;
    }
  | {
      readonly kind: "advance";
      readonly ticks: number;
      readonly arrivals: readonly Arrival[];
      readonly sampled: boolean;
    }
  | { readonly kind: "send"; readonly picks: readonly Pick[] }
  | { readonly kind: "close" };

/** Fish of one island that are to leave: places in the list of those that are fit to travel. */
export interface Pick {
  readonly island: number;
  readonly places: readonly number[];
}

/** A fish that comes to an island, or back to the one that it left. */
export interface Arrival {
  readonly island: number;
  readonly record: Uint8Array;
  readonly returned: boolean;
}

/** What a crew says of each of its islands, in the order of their numbers. */
export interface IslandReport {
  readonly island: number;
  readonly alive: number;
  readonly capacity: number;
  /** Fish that are fit to travel. */
  readonly fit: number;
  /** Since the founding. */
  readonly fishSteps: number;
  /** Records of the fish that an order sent away. */
  readonly sent: readonly Uint8Array[];
  /** Those who died since the last report; at the close also the living. */
  readonly lives: readonly PhylogenyRow[];
  readonly tick: number;
  /** A line of the time series, where one was asked for: see sample.ts. */
  readonly sample: readonly number[] | undefined;
  /** Of the close alone. */
  readonly stats: TankStats | undefined;
  readonly digest: string | undefined;
}

interface Island {
  readonly number: number;
  readonly tank: Tank;
  fishSteps: number;
  lives: PhylogenyRow[];
}

/**
 * Some islands of an archipelago, and whoever runs them: obeys orders and knows nothing of others.
 */
export class IslandCrew {
  #islands: readonly Island[] = [];
  #total = 0;
  #chronicled = false;

  /** @throws SimulationFault when a tank contradicts itself */
  obey(order: CrewOrder): readonly IslandReport[] {
    switch (order.kind) {
      case "found":
        this.#found(order.spec, order.islands, order.chronicled);
        return this.#report(order.chronicled);
      case "advance":
        for (const arrival of order.arrivals) admit(this.#at(arrival.island).tank, arrival);
        for (const island of this.#islands) run(island, order.ticks);
        return this.#report(order.sampled);
      case "send":
        return this.#islands.map((island) => {
          const pick = order.picks.find((one) => one.island === island.number);
          return { ...this.#reportOf(island, false), sent: send(island.tank, pick?.places ?? []) };
        });
      case "close":
        return this.#islands.map((island) => this.#close(island));
    }
  }

  #found(spec: ArchipelagoSpec, islands: readonly number[], chronicled: boolean): void {
    this.#total = spec.tanks;
    this.#chronicled = chronicled;
    this.#islands = islands.map((number) => {
      const tank = createTank(islandSpec(spec, number));
      const island: Island = { number, tank, fishSteps: 0, lives: [] };
      if (chronicled) {
        tank.onDeath = (row) => {
          island.lives.push(phylogenyRow(tank, row, spec.tanks, number, false));
        };
      }
      return island;
    });
  }

  #report(sampled: boolean): readonly IslandReport[] {
    return this.#islands.map((island) => this.#reportOf(island, sampled));
  }

  #reportOf(island: Island, sampled: boolean): IslandReport {
    const { number, tank, fishSteps, lives } = island;
    island.lives = [];
    return {
      island: number,
      alive: tank.counters.fish,
      capacity: tank.cap,
      fit: countFit(tank),
      fishSteps,
      sent: [],
      lives,
      tick: tank.tick,
      sample: sampled ? sampleOf(tank) : undefined,
      stats: undefined,
      digest: undefined,
    };
  }

  #close(island: Island): IslandReport {
    const { tank, number } = island;
    if (this.#chronicled) {
      for (let row = 0; row < tank.counters.fish; row++) {
        island.lives.push(phylogenyRow(tank, row, this.#total, number, true));
      }
    }
    const stats = statsOf(tank);
    return { ...this.#reportOf(island, this.#chronicled), stats, digest: digest(tank) };
  }

  #at(number: number): Island {
    const island = this.#islands.find((one) => one.number === number);
    if (island === undefined) throw new SimulationFault(`island ${number} is not of this crew`);
    return island;
  }
}

function countFit(tank: Tank): number {
  let fit = 0;
  for (let row = 0; row < tank.counters.fish; row++) {
    if (isFitToTravel(tank.fish.age[row])) fit += 1;
  }
  return fit;
}

function run(island: Island, ticks: number): void {
  const { tank } = island;
  let fishSteps = 0;
  for (let i = 0; i < ticks; i++) {
    fishSteps += tank.counters.fish;
    step(tank);
  }
  island.fishSteps += fishSteps;
}

function send(tank: Tank, places: readonly number[]): readonly Uint8Array[] {
  const fit = migrants(tank);
  return places.map((place) => {
    const entityId = fit[place] ?? "";
    const { record } = carryOut(tank, { kind: "export", entityId, side: "right" });
    if (record === undefined) throw new SimulationFault(`the export of ${entityId} gave no record`);
    return record;
  });
}

function admit(tank: Tank, { record, returned }: Arrival): void {
  carryOut(tank, returned ? { kind: "restore", record } : { kind: "import", record, side: "left" });
}

/** In a sealed world no command can fail: room was counted before. */
function carryOut(tank: Tank, command: Command) {
  const outcome = apply(tank, command);
  if (outcome.kind === "done") return outcome;
  throw new SimulationFault(`tick ${tank.tick}: ${command.kind} was refused, ${outcome.detail}`);
}
