import type { Prng } from "../../src/platform/simulated/prng.ts";
import type { MountedDisk } from "../faults/mounted.ts";
import type { CableQuality } from "../support/cable.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";

/** How the nodes of the ring are started. */
export const RING_OPTIONS = ["--profile", "development", "--fish", "40", "--no-auto-connect"];

/** What every link is like all along: a crowded WLAN at the far end of a garden. */
export const BAD_LINK: CableQuality = { delayMs: 10, jitterMs: 5, loss: 0.02, duplicate: 0.02 };
/** What a link is like at its worst. */
const WORST_LINK: CableQuality = { delayMs: 150, jitterMs: 100, loss: 0.25, duplicate: 0.2 };

/** Faults between two looks at what became of them. Each has passed when `strike` resolves. */
export class RingFaults {
  readonly #lab: Lab;
  readonly #disks: readonly MountedDisk[];
  readonly #draw: Prng;
  readonly #counts = new Map<string, number>();

  constructor(lab: Lab, disks: readonly MountedDisk[], draw: Prng) {
    this.#lab = lab;
    this.#disks = disks;
    this.#draw = draw;
  }

  /** One to three faults of different kinds at the same time; returns what they were. */
  async strike(): Promise<string> {
    const kinds = ["link", "deaf", "stop", "kill", "disk"] as const;
    const [first, ...others] = this.#shuffled(kinds);
    const further = others.slice(0, this.#draw.integer(0, 2));
    const chosen = first === undefined ? [] : [first, ...further];
    const victims = this.#shuffled(this.#lab.nodes);
    const said = await Promise.all(
      chosen.map((kind, index) => {
        const node = victims[index];
        if (node === undefined) return "nothing";
        this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
        return this.#bring(kind, node, this.#draw.integer(1, 12));
      }),
    );
    return said.join("; ");
  }

  /** What there was: faults by kind, and transfers by their end. */
  async report(nodes: readonly Node[]): Promise<string> {
    const faults = [...this.#counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
    let delivered = 0;
    let returned = 0;
    for (const node of nodes) {
      for (const { ledger } of await node.tanks()) {
        delivered += ledger.imported;
        returned += ledger.restored;
      }
    }
    return `faults: ${faults}; fish that arrived: ${delivered}, that were returned: ${returned}`;
  }

  async #bring(
    kind: "link" | "deaf" | "stop" | "kill" | "disk",
    node: Node,
    seconds: number,
  ): Promise<string> {
    const pause = () => Bun.sleep(seconds * 1000);
    const { number } = node;
    switch (kind) {
      case "link":
        await this.#lab.links.setQuality(number, WORST_LINK);
        await pause();
        await this.#lab.links.setQuality(number, BAD_LINK);
        return `link of ${number} at its worst for ${seconds} s`;
      case "deaf": {
        const [silent] = this.#shuffled(this.#lab.nodes.filter((other) => other !== node));
        if (silent === undefined) return "nothing";
        await this.#lab.links.deafen(number, silent.address);
        await pause();
        await this.#lab.links.hearAgain(number);
        return `${number} did not hear ${silent.number} for ${seconds} s`;
      }
      case "stop":
        node.process.signal("SIGSTOP");
        await pause();
        node.process.signal("SIGCONT");
        return `${number} stopped for ${seconds} s`;
      case "kill":
        await node.crash();
        await pause();
        node.start(RING_OPTIONS);
        await node.ready();
        return `kill -9 of ${number}, back after ${seconds} s`;
      case "disk": {
        const disk = this.#disks[number - 1];
        disk?.fill(this.#draw.integer(0, 200) * 1024);
        await pause();
        disk?.free();
        return `disk of ${number} full for ${seconds} s`;
      }
    }
  }

  #shuffled<T>(items: readonly T[]): readonly T[] {
    const rest = [...items];
    return items.flatMap(() => rest.splice(this.#draw.integer(0, rest.length - 1), 1));
  }
}
