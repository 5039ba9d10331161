import type { Announcement, DiscoveryBackend, Nomination } from "../../../src/discovery/backend.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import type { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

interface Station {
  readonly process: SimulatedProcess;
  announcement: Announcement;
  readonly nominate: (nomination: Nomination) => void;
}

/** Multicast for simulated nodes: everybody hears of everybody after a delay of its own. */
export class Ether {
  readonly #world: SimulatedWorld;
  readonly #stations = new Set<Station>();
  delayMinMs = 5;
  delayMaxMs = 300;
  /** Whether the second process hears the first. */
  hears: (from: SimulatedProcess, to: SimulatedProcess) => boolean = () => true;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  backend(process: SimulatedProcess): DiscoveryBackend {
    let station: Station | undefined;
    return {
      name: "ether",
      start: async (announcement, nominate) => {
        station = { process, announcement, nominate };
        this.#stations.add(station);
        this.#introduce(station);
      },
      update: (announcement) => {
        if (station) station.announcement = announcement;
      },
      refresh: () => {
        if (station) this.#introduce(station);
      },
      stop: async () => {
        if (station) this.#stations.delete(station);
      },
    };
  }

  #introduce(newcomer: Station): void {
    for (const other of this.#stations) {
      if (other === newcomer || !other.process.alive) continue;
      this.#tell(newcomer, other);
      this.#tell(other, newcomer);
    }
  }

  #tell(of: Station, to: Station): void {
    const delayMs = this.#world
      .stream(`ether ${this.#world.nowMs}`)
      .integer(this.delayMinMs, this.delayMaxMs);
    this.#world.schedule(delayMs, "ether", () => {
      if (!to.process.alive || !of.process.alive || !this.hears(of.process, to.process)) return;
      const { nodeId, cluster, addresses } = of.announcement;
      if (addresses.length === 0) return;
      to.nominate({ backend: "ether", nodeId, cluster, addresses });
    });
  }
}
