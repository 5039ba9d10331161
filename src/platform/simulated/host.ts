import type { Machine } from "../machine.ts";
import { MemoryFiles } from "./files.ts";
import { SimulatedProcess } from "./process.ts";
import type { SimulatedWorld } from "./world.ts";

export interface HostOptions {
  readonly name: string;
  /** Default: 10.0.0.1 for the first host, and so on. */
  readonly address?: string;
  /** How far this host's wall clock is off. */
  readonly wallOffsetMs?: number;
}

/** A machine: what stays when the process on it is killed. */
export class SimulatedHost {
  readonly name: string;
  readonly address: string;
  /** May be exchanged while nothing runs. */
  disk = new MemoryFiles();
  readonly machine: Machine;
  /** Set it to let the host's wall clock jump. Monotonic time does not care. */
  wallOffsetMs: number;

  readonly #world: SimulatedWorld;
  #process: SimulatedProcess | undefined;
  #boots = 0;

  constructor(world: SimulatedWorld, options: HostOptions, number: number) {
    this.#world = world;
    this.name = options.name;
    this.address = options.address ?? `10.0.${number >> 8}.${number & 255}`;
    this.wallOffsetMs = options.wallOffsetMs ?? 0;
    this.machine = simulatedMachine(this.name, this.address);
  }

  /** What runs on the host now. */
  get process(): SimulatedProcess | undefined {
    return this.#process?.alive ? this.#process : undefined;
  }

  /** Starts a process, with ports of its own, on what the disk holds. One runs at a time. */
  boot(): SimulatedProcess {
    if (this.process) throw new Error(`${this.name} is running`);
    this.#boots++;
    this.#world.record(`boot ${this.name} ${this.#boots}`);
    this.#process = new SimulatedProcess(this.#world, this, this.#boots);
    return this.#process;
  }

  /** `kill -9`. Nothing happens when nothing runs. */
  kill(): void {
    if (!this.process) return;
    this.#world.record(`kill ${this.name}`);
    this.process.life.kill();
  }
}

function simulatedMachine(name: string, address: string): Machine {
  return {
    hostname: name,
    platform: "simulated",
    architecture: "none",
    cpuCores: 1,
    memoryBytes: 2 ** 30,
    addresses: () => [{ interfaceName: "eth0", address, family: "IPv4", internal: false }],
    defaultRouteInterface: () => "eth0",
    usage: () => ({ cpuPercent: 0, residentBytes: 0 }),
  };
}
