import type { Machine } from "../machine.ts";
import { familyOf } from "./addresses.ts";
import type { Cores } from "./cores.ts";
import { MemoryFiles } from "./files.ts";
import { type InterfaceOptions, SimulatedInterface } from "./interface.ts";
import { SimulatedProcess } from "./process.ts";
import { SimulatedSharedMemory } from "./shared-memory.ts";
import type { SimulatedWorld } from "./world.ts";

/** The default subnet of a host. */
export const DEFAULT_SUBNET = "lan";

export interface HostOptions {
  readonly name: string;
  /** Of `eth0`, its one interface. Default: 10.0.0.1 for the first host, and so on. */
  readonly address?: string;
  /** The subnet of `eth0`. */
  readonly subnet?: string;
  /** Replaces the default `eth0`: for a host with several addresses, or on several subnets. */
  readonly interfaces?: readonly InterfaceOptions[];
  /** Offset of this host's wall clock. */
  readonly wallOffsetMs?: number;
  /**
   * Cores of its process. Default: those of the world, if any; without cores, work takes no time.
   */
  readonly cores?: Cores;
}

/** A machine, which outlives the process on it. */
export class SimulatedHost {
  readonly name: string;
  readonly interfaces: readonly SimulatedInterface[];
  readonly cores: Cores | undefined;
  /** May be replaced while no process runs. */
  disk = new MemoryFiles();
  readonly sharedMemory = new SimulatedSharedMemory();
  readonly machine: Machine;
  /** Setting it makes the host's wall clock jump. Monotonic time is not affected. */
  wallOffsetMs: number;

  readonly #world: SimulatedWorld;
  #process: SimulatedProcess | undefined;
  #boots = 0;

  constructor(world: SimulatedWorld, options: HostOptions, number: number) {
    this.#world = world;
    this.name = options.name;
    this.cores = options.cores ?? world.cores;
    this.wallOffsetMs = options.wallOffsetMs ?? 0;
    const address = options.address ?? `10.0.${number >> 8}.${number & 255}`;
    const subnet = options.subnet ?? DEFAULT_SUBNET;
    const given = options.interfaces ?? [{ name: "eth0", subnet, addresses: [address] }];
    const { topology } = world.network;
    this.interfaces = given.map((one) => new SimulatedInterface(topology, this, one));
    this.machine = simulatedMachine(this);
  }

  /** The first address, preferably on an interface that is up. */
  get address(): string {
    const [address] = this.addresses.length > 0 ? this.addresses : this.#allAddresses();
    if (address === undefined) throw new Error(`${this.name} has no address`);
    return address;
  }

  /** Addresses of the interfaces that are up. */
  get addresses(): readonly string[] {
    return this.interfaces.filter((one) => one.isUp).flatMap((one) => one.addresses);
  }

  interface(name = "eth0"): SimulatedInterface {
    const found = this.interfaces.find((one) => one.name === name);
    if (!found) throw new Error(`${this.name} has no ${name}`);
    return found;
  }

  /** Processes started so far. */
  get boots(): number {
    return this.#boots;
  }

  /** The present process on the host. */
  get process(): SimulatedProcess | undefined {
    return this.#process?.alive ? this.#process : undefined;
  }

  /** Starts a process, with new ports, on the present disk. One runs at a time. */
  boot(): SimulatedProcess {
    if (this.process) throw new Error(`${this.name} is running`);
    this.#boots++;
    this.#world.record(`boot ${this.name} ${this.#boots}`);
    this.#process = new SimulatedProcess(this.#world, this, this.#boots);
    return this.#process;
  }

  /** `kill -9`. No effect without a process. */
  kill(): void {
    if (!this.process) return;
    this.#world.record(`kill ${this.name}`);
    this.process.life.kill();
  }

  /** Power cut: with the process goes what was in memory, and what no file has synced. */
  losePower(): void {
    this.#world.record(`power cut ${this.name}`);
    this.process?.life.kill();
    this.sharedMemory.clear();
    this.disk.losePower();
  }

  #allAddresses(): readonly string[] {
    return this.interfaces.flatMap((one) => one.addresses);
  }
}

const LOOPBACK = {
  interfaceName: "lo",
  address: "127.0.0.1",
  family: "IPv4",
  internal: true,
} as const;

function simulatedMachine(host: SimulatedHost): Machine {
  const up = () => host.interfaces.filter((one) => one.isUp);
  return {
    hostname: host.name,
    platform: "simulated",
    architecture: "none",
    cpuCores: 1,
    memoryBytes: 2 ** 30,
    addresses: () => [
      LOOPBACK,
      ...up().flatMap(({ name, addresses }) =>
        addresses.map((address) => ({
          interfaceName: name,
          address,
          family: familyOf(address),
          internal: false,
        })),
      ),
    ],
    defaultRouteInterface: () => up()[0]?.name,
    usage: () => ({ cpuPercent: 0, residentBytes: 0 }),
  };
}
