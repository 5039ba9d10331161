import { checkRoles, type Finding } from "./checks.ts";
import type { SimulatedCluster } from "./cluster.ts";

/** Pings come every 400 ms and two of them are missed before anybody acts. */
const LOOK_EVERY_MS = 100;

/** Looks at the roles again and again, from a moment on: one hub, the same for everybody, and it stays. */
export class HubWatch {
  readonly #cluster: SimulatedCluster;
  readonly #seen = new Set<Finding>();
  #looking = true;

  constructor(cluster: SimulatedCluster, fromMs: number) {
    this.#cluster = cluster;
    this.#lookIn(fromMs - cluster.world.nowMs);
  }

  /** What was wrong, each with the time when it was first seen. */
  end(): readonly Finding[] {
    this.#looking = false;
    return [...this.#seen];
  }

  #lookIn(delayMs: number): void {
    const { world } = this.#cluster;
    world.schedule(delayMs, "look at the roles", () => {
      if (!this.#looking) return;
      const [wrong] = checkRoles(this.#cluster);
      if (wrong !== undefined && this.#seen.size < 5) {
        this.#seen.add(`${wrong}, ${Math.round(world.nowMs)} ms after the start`);
      }
      this.#lookIn(LOOK_EVERY_MS);
    });
  }
}
