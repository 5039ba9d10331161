import type { Prng } from "../../src/platform/simulated/prng.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";

/** How nodes are started, here and by the test that brings the faults. */
export const STORM_OPTIONS = ["--profile", "development", "--fish", "20"];

/** Addresses from here on belong to nobody yet. */
const FIRST_FREE_ADDRESS = 100;
const FREE_ADDRESSES = 150;

/**
 * What happens to a network of real machines, drawn from a seed. Each fault has passed when its
 * method returns: every node runs, every cable is plugged in.
 */
export class Faults {
  readonly #lab: Lab;
  readonly #draw: Prng;
  #addressesUsed = 0;

  constructor(lab: Lab, draw: Prng) {
    this.#lab = lab;
    this.#draw = draw;
  }

  /** Brings one of them about; returns what it was. `hub` is the present one. */
  async strike(hub: Node): Promise<string> {
    const faults = [
      () => this.#kill([hub]),
      () => this.#kill(this.#some(3)),
      () => this.#kill([hub, ...this.#some(2)]),
      () => this.#renew([hub]),
      () => this.#renew(this.#some(3)),
      () => this.#split(hub),
      () => this.#unplug(this.#some(3)),
      () => this.#replaceCards(this.#some(2)),
      () => this.#freeze([hub]),
      () => this.#freeze(this.#some(3)),
    ] as const;
    const fault = faults[this.#draw.integer(0, faults.length - 1)];
    return fault === undefined ? "nothing" : fault();
  }

  /** Power cuts; after some seconds they are switched on again. */
  async #kill(nodes: readonly Node[]): Promise<string> {
    await Promise.all(nodes.map((node) => node.crash()));
    const seconds = await this.#pause(0, 8);
    for (const node of new Set(nodes)) node.start(STORM_OPTIONS);
    for (const node of nodes) await node.ready();
    return `kill -9 of ${names(nodes)}, back after ${seconds} s`;
  }

  async #renew(nodes: readonly Node[]): Promise<string> {
    for (const node of nodes) {
      const next = FIRST_FREE_ADDRESS + (this.#addressesUsed++ % FREE_ADDRESSES);
      await this.#lab.changeAddress(node, next);
    }
    return `new addresses for ${names(nodes)}`;
  }

  /** A third of the machines on a switch of their own, at times with the hub. */
  async #split(hub: Node): Promise<string> {
    const others = this.#lab.nodes.filter((node) => node !== hub);
    const third = this.#some(Math.floor(this.#lab.nodes.length / 3), others);
    const away = this.#draw.chance(50) ? [...third, hub] : third;
    const numbers = away.map(({ number }) => number);
    await this.#lab.network.splitOff(numbers);
    const seconds = await this.#pause(2, 15);
    await this.#lab.network.rejoin(numbers);
    return `${names(away)} on a network of their own for ${seconds} s`;
  }

  async #unplug(nodes: readonly Node[]): Promise<string> {
    for (const node of nodes) await this.#lab.setCable(node, "down");
    const seconds = await this.#pause(1, 10);
    for (const node of nodes) await this.#lab.setCable(node, "up");
    return `cables of ${names(nodes)} pulled for ${seconds} s`;
  }

  async #replaceCards(nodes: readonly Node[]): Promise<string> {
    for (const node of nodes) await this.#lab.replaceCard(node);
    return `network cards of ${names(nodes)} replaced`;
  }

  /** As a laptop that sleeps. */
  async #freeze(nodes: readonly Node[]): Promise<string> {
    for (const node of nodes) node.process.signal("SIGSTOP");
    const seconds = await this.#pause(1, 6);
    for (const node of nodes) node.process.signal("SIGCONT");
    return `${names(nodes)} stopped for ${seconds} s`;
  }

  /** One to `most` different nodes. */
  #some(most: number, of: readonly Node[] = this.#lab.nodes): readonly Node[] {
    const rest = [...of];
    const count = this.#draw.integer(1, most);
    return Array.from({ length: count }, () =>
      rest.splice(this.#draw.integer(0, rest.length - 1), 1),
    ).flat();
  }

  async #pause(least: number, most: number): Promise<number> {
    const seconds = this.#draw.integer(least, most);
    await Bun.sleep(seconds * 1000);
    return seconds;
  }
}

function names(nodes: readonly Node[]): string {
  return `node ${nodes.map(({ number }) => number).join(", ")}`;
}
