import type { Fork } from "../../src/platform/simulated/world.ts";
import { ClusterWatch } from "../support/simulated/cluster-watch.ts";
import { auditFindings } from "./audits.ts";
import type { Run } from "./branches.ts";
import { checkFenced, checkLedger, type Finding, isSettled } from "./checks.ts";
import { SimulatedCluster } from "./cluster.ts";
import type { Pair } from "./conditions.ts";
import { ALL_FAULTS } from "./faults/all.ts";
import type { Fault } from "./faults/fault.ts";
import { Nemesis } from "./nemesis.ts";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import {
  connectInRing,
  HUB_STAYS_MS,
  HUB_WITHIN_MS,
  QUIET_MS,
  REST_MS,
  stopAndReplay,
  stopMigrating,
  sumOf,
  unrest,
} from "./scenario.ts";

const HEALTHY_MS = 20_000;
const STORM_MS = 180_000;
/** Fish that leave by each connection at a draw, so that several share a request. */
const FISH_PER_DRAW = 4;
const OWN_AUDIT_MS = 5_000;
/** Percent of the storms after which nodes of the earlier build have been upgraded. */
const UPGRADE_PERCENT = 50;

export interface LongOptions {
  readonly seed: number;
  readonly nodes?: number;
  /** Of simulated time; the last round is finished. */
  readonly minutes: number;
  /** Default: every kind; none of them leaves a healthy cluster. */
  readonly faults?: readonly Fault[];
  readonly sabotage?: SabotageName;
  readonly fork?: Fork | undefined;
  /** Breaks off after the round that is under way at this moment of simulated time. */
  readonly breakOffMs?: number;
}

export interface LongReport extends Run {
  readonly seed: number;
  readonly simulatedMs: number;
  /** How often each kind of fault has struck. */
  readonly faults: ReadonlyMap<string, number>;
  readonly transfers: number;
  readonly returned: number;
  readonly pairs: ReadonlyMap<Pair, number>;
  readonly triples: number;
  readonly trace: string;
}

/**
 * One cluster, round after round: healthy, in a storm, at rest, with audits after each phase. Ends
 * with the first phase after which something is wrong.
 */
export async function runLong(options: LongOptions): Promise<LongReport> {
  const run = new LongRun(options);
  const findings = await run.findings().catch(brokenOff);
  const { cluster } = run;
  const { conditions, world } = cluster;
  return {
    seed: options.seed,
    findings,
    simulatedMs: Math.round(world.nowMs),
    steps: world.steps,
    eventsBeforeFork: world.eventsBeforeFork,
    faults: conditions.begun,
    transfers: sumOf(cluster, ({ archive }) => archive.transfers),
    returned: sumOf(cluster, ({ archive }) => archive.returned),
    pairs: conditions.pairs,
    triples: conditions.triples.size,
    trace: world.traceDigest(),
  };
}

/** The product's own assertions have noticed something. */
function brokenOff(error: unknown): readonly Finding[] {
  if (!(error instanceof Error)) throw error;
  const { cause } = error;
  return [`${error.message}: ${cause instanceof Error ? (cause.stack ?? cause.message) : cause}`];
}

class LongRun {
  readonly cluster: SimulatedCluster;
  readonly #minutes: number;
  readonly #breakOffMs: number;
  readonly #nemesis: Nemesis;
  readonly #isStormy: boolean;
  readonly #watch: ClusterWatch;

  constructor(options: LongOptions) {
    const { seed, nodes = 3, minutes, faults = ALL_FAULTS, sabotage, fork } = options;
    this.cluster = new SimulatedCluster({
      seed,
      nodes,
      fish: 30,
      auditIntervalMs: OWN_AUDIT_MS,
      ...(sabotage === undefined ? {} : { sabotage: SABOTAGE[sabotage] }),
      fork,
    });
    this.#minutes = minutes;
    this.#breakOffMs = options.breakOffMs ?? Number.POSITIVE_INFINITY;
    this.#nemesis = new Nemesis(this.cluster, { faults, swarms: true });
    this.#isStormy = faults.length > 0;
    this.#watch = new ClusterWatch({
      world: this.cluster.world,
      nodes: () => this.cluster.watched,
      boundMs: HUB_WITHIN_MS,
      isCalm: () => !this.#nemesis.isRaging,
    });
  }

  async findings(): Promise<readonly Finding[]> {
    const { cluster } = this;
    const { world } = cluster;
    cluster.bootAll();
    await world.run(QUIET_MS);
    for (let isLast = false; !isLast; ) {
      isLast = world.nowMs + HEALTHY_MS + STORM_MS >= this.#minutes * 60_000;
      const findings = await this.#round(isLast);
      if (findings.length > 0 || world.nowMs >= this.#breakOffMs) return findings;
    }
    return [...this.#watch.end(), ...(await stopAndReplay(cluster))];
  }

  async #round(isLast: boolean): Promise<readonly Finding[]> {
    const { world } = this.cluster;
    await connectInRing(this.cluster, FISH_PER_DRAW);
    await world.run(world.nowMs + HEALTHY_MS);
    const healthy = await auditFindings(this.cluster, "While fish swim");
    if (healthy.length > 0) return healthy;
    await this.#storm(isLast);
    return this.#rest();
  }

  async #storm(isLast: boolean): Promise<void> {
    const { cluster } = this;
    if (!this.#isStormy) return cluster.world.run(cluster.world.nowMs + STORM_MS);
    this.#nemesis.rage();
    await cluster.world.run(cluster.world.nowMs + STORM_MS);
    const draws = cluster.world.stream(`upgrade at ${Math.round(cluster.world.nowMs)}`);
    if (isLast || draws.chance(UPGRADE_PERCENT)) {
      for (const node of cluster.nodes.filter(({ version }) => version === "earlier")) {
        node.host.kill();
        node.version = "present";
      }
    }
    this.#nemesis.calm();
  }

  async #rest(): Promise<readonly Finding[]> {
    const { cluster } = this;
    const { world } = cluster;
    const fromMs = world.nowMs;
    await stopMigrating(cluster);
    const isAtRest = await world.runUntil(fromMs + REST_MS, () => isSettled(cluster));
    const findings = isAtRest ? [] : unrest(cluster);
    await world.run(Math.max(world.nowMs + 1_000, fromMs + HUB_WITHIN_MS + HUB_STAYS_MS));
    findings.push(...(await checkLedger(cluster)), ...checkFenced(cluster));
    if (findings.length > 0) return findings;
    return auditFindings(cluster, "At rest");
  }
}
