import type { Prng } from "../../src/platform/simulated/prng.ts";
import type { SimulatedCluster, SimulatedNode } from "./cluster.ts";

/** Percent of port calls at which the calling node dies, before or after the call took effect. */
const KILL_PERCENT = 0.03;
const DOWN_MIN_MS = 500;
const DOWN_MAX_MS = 9_000;
/** A copy may arrive when its transfer is long settled. */
const COPY_DELAY_MAX_MS = 30_000;
/** Between two acts of the nemesis. */
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 8_000;

/** Everything that can go wrong with machines and networks, drawn from the world's seed. */
export class Nemesis {
  readonly #cluster: SimulatedCluster;
  readonly #draws: Prng;
  #raging = false;
  kills = 0;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.#draws = cluster.world.stream("nemesis");
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
    const mayKill = (host: string) => {
      if (this.#raging && this.#draws.chance(KILL_PERCENT)) this.#kill(this.#nodeAt(host));
    };
    world.hooks = { beforeCall: mayKill, afterCall: mayKill };
    this.#next();
  }

  /** Everything heals and every machine is switched on: from here on things must come to rest. */
  calm(): void {
    const { world, nodes } = this.#cluster;
    this.#raging = false;
    world.hooks = {};
    Object.assign(world.network.faults, {
      requestLossPercent: 0,
      replyLossPercent: 0,
      duplicatePercent: 0,
      copyDelayMaxMs: 5,
      delayMinMs: 1,
      delayMaxMs: 5,
    });
    world.network.heal();
    for (const node of nodes) this.#healDisk(node);
    this.#cluster.bootAll();
  }

  #next(): void {
    const pauseMs = this.#draws.integer(PAUSE_MIN_MS, PAUSE_MAX_MS);
    this.#cluster.world.schedule(pauseMs, "nemesis", () => {
      if (!this.#raging) return;
      this.#act();
      this.#next();
    });
  }

  #act(): void {
    const node = this.#pick();
    const { nodes } = this.#cluster;
    const acts = [
      () => this.#kill(node),
      () => this.#cut(node, false),
      () => this.#cut(node, true),
      () => this.#jumpClock(node),
      () => this.#fillDisk(node),
      () => {
        for (const one of nodes) this.#kill(one);
      },
    ];
    acts[this.#draws.integer(0, acts.length - 1)]?.();
  }

  #jumpClock(node: SimulatedNode): void {
    node.host.wallOffsetMs = this.#draws.integer(-86_400_000, 86_400_000);
    this.#cluster.world.record(`clock of ${node.name} jumps`);
  }

  #pick(): SimulatedNode {
    const { nodes } = this.#cluster;
    const node = nodes[this.#draws.integer(0, nodes.length - 1)];
    if (!node) throw new Error("a cluster has nodes");
    return node;
  }

  #nodeAt(host: string): SimulatedNode {
    const node = this.#cluster.nodes.find((one) => one.name === host);
    if (!node) throw new Error(`no node runs on ${host}`);
    return node;
  }

  #kill(node: SimulatedNode): void {
    if (!node.running) return;
    this.kills++;
    node.host.kill();
    const downMs = this.#draws.integer(DOWN_MIN_MS, DOWN_MAX_MS);
    this.#cluster.world.schedule(downMs, `reboot ${node.name}`, () => {
      if (!node.running) node.boot();
    });
  }

  /** A partition may outlast the patience of a transfer (60 s), so that aborts are asked for. */
  #cut(node: SimulatedNode, oneWay: boolean): void {
    const { world, nodes } = this.#cluster;
    const others = nodes.filter((one) => one !== node).map((one) => one.host);
    const heal = world.network.partition([node.host], others, { oneWay });
    const lengthMs = this.#draws.integer(1_000, this.#draws.chance(20) ? 90_000 : 15_000);
    world.schedule(lengthMs, `heal ${node.name}`, heal);
  }

  #fillDisk(node: SimulatedNode): void {
    const { world } = this.#cluster;
    world.record(`disk of ${node.name} full`);
    node.store.setFault("disk full");
    node.host.disk.fault = "disk full";
    world.schedule(this.#draws.integer(500, 8_000), `disk of ${node.name}`, () =>
      this.#healDisk(node),
    );
  }

  #healDisk(node: SimulatedNode): void {
    node.store.setFault(undefined);
    node.host.disk.fault = undefined;
  }
}
