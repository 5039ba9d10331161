import type { HttpRequest, HttpResponse } from "../network.ts";
import { NetworkError } from "../network.ts";
import { ipLiteral } from "./addresses.ts";
import { Barriers, type Refusal } from "./barriers.ts";
import type { SimulatedHost } from "./host.ts";
import { Messages, type NetworkFaults } from "./messages.ts";
import { Names } from "./names.ts";
import type { SimulatedProcess } from "./process.ts";
import { SimulatedSockets } from "./sockets.ts";
import { type Balancer, hostAt, type Nat, Topology } from "./topology.ts";
import type { SimulatedWorld } from "./world.ts";

/** HTTP between simulated hosts, and operations on the network at run time. */
export class SimulatedNetwork {
  readonly topology = new Topology();
  readonly names: Names;
  readonly sockets: SimulatedSockets;

  readonly #world: SimulatedWorld;
  readonly #barriers = new Barriers();
  readonly #messages: Messages;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.names = new Names((name) => world.host(name)?.addresses);
    this.sockets = new SimulatedSockets(world);
    const { topology, names } = this;
    this.#messages = new Messages(world, { topology, names, barriers: this.#barriers });
  }

  /** May be changed at any time; applies to messages sent later. */
  get faults(): NetworkFaults {
    return this.#messages.faults;
  }

  /** Counts changes of routes. */
  get changes(): number {
    return this.topology.changes + this.#barriers.changes;
  }

  /**
   * Drops everything between the two sets of hosts, including messages in transit, until the
   * returned function is called. One-way: only from the first set to the second.
   */
  partition(
    from: readonly SimulatedHost[],
    to: readonly SimulatedHost[],
    options: { readonly oneWay?: boolean } = {},
  ): () => void {
    const cuts = [this.#barriers.cut(from, to)];
    if (!options.oneWay) cuts.push(this.#barriers.cut(to, from));
    const between = `${namesOf(from)} ${options.oneWay ? "->" : "<>"} ${namesOf(to)}`;
    this.#world.record(`partition ${between}`);
    return () => {
      for (const heal of cuts) heal();
      this.#world.record(`heal ${between}`);
    };
  }

  /** Ends all partitions. Firewalls stay. */
  heal(): void {
    this.#barriers.healCuts();
    this.#world.record("heal all");
  }

  /**
   * A firewall: the first hosts cannot connect to the second, until the returned function is
   * called. The second can still connect to the first, and are answered.
   */
  forbidDialling(
    from: readonly SimulatedHost[],
    to: readonly SimulatedHost[],
    refusal: Refusal = "silence",
  ): () => void {
    this.#world.record(`forbid ${namesOf(from)} -> ${namesOf(to)}`);
    return this.#barriers.wall(from, to, refusal);
  }

  /** A NAT router: hosts on the subnet `inside` reach `outside` from its single address there. */
  addNat(nat: Nat): void {
    this.topology.addNat(nat);
  }

  /** An address that connects to the running members in turn. */
  addBalancer(balancer: Balancer): void {
    this.topology.addBalancer(balancer);
  }

  /** Whether a partition drops messages from the first host to the second. */
  isCut(from: SimulatedHost, to: SimulatedHost): boolean {
    return this.#barriers.isCut(from, to);
  }

  /** Whether the first host can connect to an address of the second and get an answer. */
  canDial(from: SimulatedHost, to: SimulatedHost): boolean {
    if (this.#barriers.isCut(from, to) || this.#barriers.isCut(to, from)) return false;
    if (this.#barriers.wallBetween(from, to)) return false;
    return to.addresses.some((address) => {
      const route = this.topology.route(from, address);
      return typeof route === "object" && hostAt(route.owner) === to;
    });
  }

  /** See {@link Network.resolve}. */
  async resolve(name: string): Promise<readonly string[]> {
    if (ipLiteral(name)) return [name.replace(/^\[(.*)\]$/, "$1")];
    await this.#world.sleep(this.#messages.delayMs(), `resolve ${name}`);
    const addresses = this.names.addressesOf(name);
    if (addresses) return addresses;
    const reason = "the name is not known";
    throw new NetworkError("unreachable", `${name}: ${reason}`, reason);
  }

  /** A random delay of a message. */
  delayMs(): number {
    return this.#messages.delayMs();
  }

  /** Sends for a process. The caller makes it part of the process's life. */
  send(process: SimulatedProcess, request: HttpRequest): Promise<HttpResponse> {
    process.thread.charge(this.#world.costs.requestMs(request.path));
    return this.#messages.exchange({ host: process.host, process }, request);
  }

  /** Sends for another program on the host, which is not a node. */
  exchange(from: SimulatedHost, request: HttpRequest): Promise<HttpResponse> {
    return this.#messages.exchange({ host: from, process: undefined }, request);
  }
}

function namesOf(hosts: readonly SimulatedHost[]): string {
  return hosts.map(({ name }) => name).join(",");
}
