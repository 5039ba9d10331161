import type { Core } from "../../src/node/core.ts";
import { Problem } from "../../src/platform/errors.ts";
import type { Prng } from "../../src/platform/simulated/prng.ts";
import { checkAudit, checkFenced, checkLedger, type Finding, isSettled } from "./checks.ts";
import { SimulatedCluster } from "./cluster.ts";
import { MOVE_SABOTAGE, type MoveSabotageName } from "./move-sabotage.ts";
import { Nemesis } from "./nemesis.ts";
import { connectInRing, stopAndReplay, stopMigrating } from "./scenario.ts";

const QUIET_MS = 5_000;
const STORM_MS = 120_000;
/** See the scenario: the longest wait is that of a transfer. */
const REST_MS = 300_000;
/** Between two attempts to move some tank. */
const PAUSE_MIN_MS = 200;
const PAUSE_MAX_MS = 2_000;

export interface MovesOptions {
  readonly seed: number;
  readonly nodes?: number;
  readonly sabotage?: MoveSabotageName;
}

export interface MovesReport {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly kills: number;
  /** How often a tank has changed its node. */
  readonly moved: number;
  /** Attempts that were refused, or whose end nobody saw, by their codes. */
  readonly refused: Readonly<Record<string, number>>;
  readonly transfers: number;
  readonly settledAfterMs: number;
  readonly trace: string;
}

/** The secret without which no node takes the tank of another. */
export const SECRET = new Uint8Array(32).fill(7);

/**
 * One seed: tanks move from node to node all the time, while fish travel between them and
 * everything goes wrong; then every promise is checked.
 */
export async function runMoves(options: MovesOptions): Promise<MovesReport> {
  const { seed, nodes = 3, sabotage } = options;
  const cluster = new SimulatedCluster({
    seed,
    nodes,
    fish: seed % 3 === 0 ? 98 : 30,
    secret: SECRET,
    ...(sabotage === undefined ? {} : { sabotage: MOVE_SABOTAGE[sabotage] }),
  });
  const { world } = cluster;
  const nemesis = new Nemesis(cluster);
  const mover = new Mover(cluster);
  cluster.bootAll();
  await world.run(QUIET_MS);
  await connectInRing(cluster);
  nemesis.rage();
  mover.start();
  await world.run(world.nowMs + STORM_MS);
  nemesis.calm();
  mover.stop();
  const restFromMs = world.nowMs;
  await stopMigrating(cluster);
  const settled = await world.runUntil(
    restFromMs + REST_MS,
    () => isSettled(cluster) && isAtHome(cluster),
  );
  const settledAfterMs = Math.round(world.nowMs - restFromMs);
  const findings = settled ? [] : unrest(cluster);
  await world.run(world.nowMs + 1_000);
  findings.push(...(await checkLedger(cluster)), ...checkOwners(cluster), ...checkFenced(cluster));
  findings.push(...(await checkAudit(cluster)));
  const moved = movesMade(cluster);
  findings.push(...(await stopAndReplay(cluster)));
  return {
    seed,
    findings,
    kills: nemesis.kills,
    moved,
    refused: mover.refused,
    transfers: cluster.nodes.reduce((sum, { archive }) => sum + archive.transfers, 0),
    settledAfterMs,
    trace: world.traceDigest(),
  };
}

/** Moves some tank to some other node, again and again. */
export class Mover {
  readonly refused: Record<string, number> = {};
  readonly #cluster: SimulatedCluster;
  readonly #draws: Prng;
  #moving = false;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.#draws = cluster.world.stream("mover");
  }

  start(): void {
    this.#moving = true;
    this.#next();
  }

  stop(): void {
    this.#moving = false;
  }

  #next(): void {
    const pauseMs = this.#draws.integer(PAUSE_MIN_MS, PAUSE_MAX_MS);
    this.#cluster.world.schedule(pauseMs, "mover", () => {
      if (!this.#moving) return;
      void this.#move();
      this.#next();
    });
  }

  async #move(): Promise<void> {
    const { cores, nodes } = this.#cluster;
    const placed = cores.flatMap((core) => core.tanks.list().map((tank) => ({ core, tank })));
    if (placed.length === 0) return;
    const { core, tank } = this.#draws.pick(placed);
    const others = nodes.filter(({ running }) => running !== core);
    const to = this.#draws.pick(others).identity.nodeId;
    try {
      await core.migration.moveTank(tank.row.tank_id, to);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
    }
  }
}

export function movesMade({ cores }: SimulatedCluster): number {
  const tanks = cores.flatMap((core) => core.tanks.list());
  return tanks.reduce((sum, { row }) => sum + row.epoch - 1, 0);
}

/** No move is under way on any node. */
export function isAtHome(cluster: SimulatedCluster): boolean {
  return cluster.cores.every((core) => openMoves(core).length === 0);
}

function openMoves({ migration }: Core) {
  const ended = new Set(["done", "aborted", "activated", "dropped"]);
  return migration.moves().filter(({ state }) => !ended.has(state));
}

/** Every tank is on one node, and every former owner knows a way to it. */
export function checkOwners({ cores }: SimulatedCluster): readonly Finding[] {
  const findings: Finding[] = [];
  const owners = new Map<string, string>();
  for (const { cluster, tanks } of cores) {
    for (const { row } of tanks.list()) {
      if (owners.has(row.tank_id)) findings.push(`tank ${row.name} is on two nodes`);
      owners.set(row.tank_id, cluster.nodeId);
    }
  }
  for (const { cluster, tanks, migration } of cores) {
    for (const tankId of owners.keys()) {
      const isHere = tanks.get(tankId) !== undefined;
      if (isHere && migration.movedTo(tankId)) {
        findings.push(`${cluster.serverId} says that its own tank has moved`);
      }
    }
  }
  return findings;
}

function unrest(cluster: SimulatedCluster): Finding[] {
  const escrows = cluster.cores.map(({ migration }) => migration.escrowCount);
  const moves = cluster.cores.flatMap((core) =>
    openMoves(core).map(({ direction, state, reason }) => `${direction} ${state}: ${reason}`),
  );
  return [`no rest: escrows ${escrows.join(", ")}; moves ${moves.join(", ") || "none"}`];
}
