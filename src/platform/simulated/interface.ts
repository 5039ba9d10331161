import { ipLiteral } from "./addresses.ts";
import type { SimulatedHost } from "./host.ts";
import type { Topology } from "./topology.ts";

export interface InterfaceOptions {
  readonly name: string;
  /** Its subnet. Interfaces of one subnet reach each other. */
  readonly subnet: string;
  readonly addresses: readonly string[];
}

/** A network interface of a simulated host. It may change at run time. */
export class SimulatedInterface {
  readonly name: string;
  readonly subnet: string;
  readonly host: SimulatedHost;
  readonly #topology: Topology;
  #addresses: readonly string[] = [];
  #isUp = true;

  constructor(topology: Topology, host: SimulatedHost, options: InterfaceOptions) {
    this.#topology = topology;
    this.host = host;
    this.name = options.name;
    this.subnet = options.subnet;
    this.readdress(options.addresses);
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Changes the addresses, like DHCP. Connections over the old ones silently stop working. */
  readdress(addresses: readonly string[]): void {
    const read = addresses.map((one) => ipLiteral(one)?.address ?? invalid(one));
    this.#release();
    this.#addresses = read;
    this.#claim();
  }

  /** Unplugs or removes the interface: the system no longer lists its addresses. */
  takeDown(): void {
    this.#release();
    this.#isUp = false;
  }

  /** Restores the interface with its addresses. */
  bringUp(): void {
    this.#isUp = true;
    this.#claim();
  }

  #claim(): void {
    if (!this.#isUp) return;
    for (const address of this.#addresses) this.#topology.claim(this.subnet, address, this);
  }

  #release(): void {
    for (const address of this.#addresses) this.#topology.release(this.subnet, address, this);
  }
}

function invalid(text: string): never {
  throw new Error(`${text} is no IP literal`);
}
