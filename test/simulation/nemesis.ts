import type { Prng } from "../../src/platform/simulated/prng.ts";
import type { SimulatedCluster, SimulatedNode } from "./cluster.ts";
import { CLASSIC, healDisk } from "./faults/classic.ts";
import type { Fault } from "./faults/fault.ts";

/** Percent of port calls at which the calling node dies, before or after the call took effect. */
const KILL_PERCENT = 0.03;
/** Percent of port calls at which the caller and whom it exchanges fish with lose power at once. */
const POWER_CUT_PERCENT = 0.01;
const DOWN_MIN_MS = 500;
const DOWN_MAX_MS = 9_000;
/** A copy may arrive when its transfer is long settled. */
const COPY_DELAY_MAX_MS = 30_000;
/** Between two acts of the nemesis. */
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 8_000;

/**
 * Percent of the kinds of faults that a storm has, where they are drawn: some combinations need
 * that others are absent.
 */
const SWARM_PERCENT = 55;
/** Percent of the storms in which processes end; in the others patience runs out. */
const CRASHING_PERCENT = 60;
/** How often in the mean the ends of a transfer in a rare phase are struck at that moment. */
const STRIKES: Readonly<Record<string, number>> = { aborting: 6, returning: 0.8 };
/** A commit takes longer. */
const STRUCK_WITHIN_MS = 10;

type Crash = "kill" | "power_cut";

export interface NemesisOptions {
  readonly faults: readonly Fault[];
  /** Whether each storm draws which of the kinds it has. */
  readonly swarms: boolean;
}

/** Everything that can go wrong with machines and networks, drawn from the world's seed. */
export class Nemesis {
  readonly #cluster: SimulatedCluster;
  readonly #options: NemesisOptions;
  readonly #draws: Prng;
  readonly #powerDraws: Prng;
  /** Those of the present storm. */
  #faults: readonly Fault[];
  #raging = false;
  kills = 0;

  constructor(
    cluster: SimulatedCluster,
    options: NemesisOptions = { faults: CLASSIC, swarms: false },
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#faults = options.faults;
    this.#draws = cluster.world.stream("nemesis");
    this.#powerDraws = cluster.world.stream("power");
  }

  get isRaging(): boolean {
    return this.#raging;
  }

  rage(): void {
    const { world } = this.#cluster;
    this.#raging = true;
    Object.assign(world.network.faults, {
      requestLossPercent: this.#draws.integer(0, 20),
      replyLossPercent: this.#draws.integer(0, 20),
      duplicatePercent: this.#draws.integer(0, 25),
      copyDelayMaxMs: this.#draws.integer(10, COPY_DELAY_MAX_MS),
      delayMinMs: 1,
      delayMaxMs: this.#draws.integer(5, 400),
    });
    if (this.#options.swarms) this.#faults = this.#swarm();
    const has = (fault: string) => this.#faults.some(({ name }) => name === fault);
    const [kills, cutsPower] = [has("kill"), has("power_cut")];
    const mayCrash = (host: string) => {
      if (!this.#raging) return;
      if (kills && this.#draws.chance(KILL_PERCENT)) this.#crash(this.#nodeAt(host));
      if (cutsPower && this.#powerDraws.chance(POWER_CUT_PERCENT)) {
        for (const one of this.#cluster.nodes) this.#crash(one, "power_cut");
      }
    };
    world.hooks = { beforeCall: mayCrash, afterCall: mayCrash };
    if (this.#options.swarms) {
      this.#cluster.conditions.onPhase = (phase, nodes) => this.#mayStrike(phase, nodes);
    }
    this.#next();
  }

  /** Everything heals and every machine is switched on: from here on things must come to rest. */
  calm(): void {
    const { world, nodes } = this.#cluster;
    this.#raging = false;
    world.hooks = {};
    this.#cluster.conditions.onPhase = () => {};
    Object.assign(world.network.faults, {
      requestLossPercent: 0,
      replyLossPercent: 0,
      duplicatePercent: 0,
      copyDelayMaxMs: 5,
      delayMinMs: 1,
      delayMaxMs: 5,
    });
    world.network.heal();
    for (const node of nodes) {
      healDisk(node);
      node.host.disk.astray = undefined;
      node.host.process?.resume();
    }
    this.#cluster.bootAll();
  }

  #swarm(): readonly Fault[] {
    const { faults } = this.#options;
    const isCrashing = this.#draws.chance(CRASHING_PERCENT);
    const possible = faults.filter(({ crashes }) => isCrashing || !crashes);
    const drawn = possible.filter(() => this.#draws.chance(SWARM_PERCENT));
    return drawn.length > 0 ? drawn : [this.#draws.pick(possible)];
  }

  #next(): void {
    const pauseMs = this.#draws.integer(PAUSE_MIN_MS, PAUSE_MAX_MS);
    this.#cluster.world.schedule(pauseMs, "nemesis", () => {
      if (!this.#raging) return;
      this.#act();
      this.#next();
    });
  }

  #mayStrike(phase: string, nodes: readonly string[]): void {
    for (let left = STRIKES[phase] ?? 0; left > 0; left--) {
      if (this.#draws.chance(100 * left)) this.#strikeSoon(this.#draws.pick(nodes));
    }
  }

  /** Of all kinds, so that even the rarest phase meets each. */
  #strikeSoon(name: string): void {
    const node = this.#cluster.nodes.find((one) => one.name === name);
    this.#cluster.world.schedule(this.#draws.integer(0, STRUCK_WITHIN_MS), "nemesis", () => {
      if (this.#raging) this.#act(node, this.#options.faults);
    });
  }

  #act(node = this.#draws.pick(this.#cluster.nodes), faults = this.#faults): void {
    const cluster = this.#cluster;
    const draws = this.#draws;
    const crash = (one: SimulatedNode, how?: Crash) => this.#crash(one, how);
    draws.pick(faults).strike({ cluster, node, draws, crash });
  }

  #nodeAt(host: string): SimulatedNode {
    const node = this.#cluster.nodes.find((one) => one.name === host);
    if (!node) throw new Error(`no node runs on ${host}`);
    return node;
  }

  #crash(node: SimulatedNode, how: Crash = "kill"): void {
    const over = node.running && this.#cluster.conditions.fault(how, [node.name]);
    // The disk of a machine on which nothing runs may still lose what is not synced.
    if (how === "power_cut") node.losePower();
    node.host.kill();
    if (!over) return;
    this.kills++;
    const downMs = this.#draws.integer(DOWN_MIN_MS, DOWN_MAX_MS);
    this.#cluster.world.schedule(downMs, `reboot ${node.name}`, () => {
      over();
      if (!node.running) node.boot();
    });
  }
}
