import type { Announcement, DiscoveryBackend, Nomination } from "../../../src/discovery/backend.ts";
import type { Prng } from "../../../src/platform/simulated/prng.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import type { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

/** To receive one multicast packet, of a processor. */
const RECEPTION_MS = 0.14;

interface Station {
  readonly process: SimulatedProcess;
  announcement: Announcement;
  readonly nominate: (nomination: Nomination) => void;
}

/**
 * Multicast for simulated nodes: whoever is on one subnet hears of each other, each packet after a
 * delay of its own, with the addresses that the announcer has on that subnet (RFC 6762, section
 * 6.2).
 */
export class Ether {
  readonly #world: SimulatedWorld;
  readonly #draws: Prng;
  readonly #stations = new Set<Station>();
  delayMinMs = 5;
  delayMaxMs = 300;
  /** Packets that arrived. */
  received = 0;
  /** Whether the second process hears the first: a partition cuts multicast too. */
  hears = (from: SimulatedProcess, to: SimulatedProcess): boolean =>
    !this.#world.network.isCut(from.host, to.host);

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#draws = world.stream("ether");
  }

  backend(process: SimulatedProcess): DiscoveryBackend {
    let station: Station | undefined;
    return {
      name: "ether",
      start: async (announcement, nominate) => {
        station = { process, announcement, nominate };
        this.#stations.add(station);
        for (const other of this.#othersOf(station)) {
          this.#tell(station, other);
          this.#tell(other, station);
        }
      },
      update: (announcement) => {
        if (!station) return;
        station.announcement = announcement;
        for (const other of this.#othersOf(station)) this.#tell(station, other);
      },
      refresh: () => {
        if (!station) return;
        for (const other of this.#othersOf(station)) this.#tell(other, station);
      },
      stop: async () => {
        if (station) this.#stations.delete(station);
      },
    };
  }

  #othersOf(station: Station): readonly Station[] {
    return [...this.#stations].filter((other) => other !== station && other.process.alive);
  }

  #tell(of: Station, to: Station): void {
    this.#world.schedule(this.#draws.integer(this.delayMinMs, this.delayMaxMs), "ether", () => {
      if (!to.process.alive || !of.process.alive || !this.hears(of.process, to.process)) return;
      for (const nomination of nominations(of, to)) {
        this.received++;
        to.process.thread.run(RECEPTION_MS, () => to.nominate(nomination));
      }
    });
  }
}

/** One for each subnet that both are on: what a listener hears of an announcer. */
function nominations(of: Station, to: Station): readonly Nomination[] {
  const { addresses, version: _, ...hints } = of.announcement;
  const shared = of.process.host.interfaces.filter(
    ({ isUp, subnet }) =>
      isUp && to.process.host.interfaces.some((one) => one.isUp && one.subnet === subnet),
  );
  return shared.flatMap((one): readonly Nomination[] => {
    const named = addresses.filter(({ host }) => isToldOn(of, one.addresses, host));
    const source = one.addresses[0];
    if (named.length === 0 || source === undefined) return [];
    return [{ backend: "ether", ...hints, addresses: named, source }];
  });
}

/** Addresses of the host's other interfaces are not told here; what is set by hand is. */
function isToldOn(of: Station, onSubnet: readonly string[], host: string): boolean {
  return onSubnet.includes(host) || !of.process.host.addresses.includes(host);
}
