import { familyOf, ipLiteral, isLoopbackAddress } from "./addresses.ts";
import type { SimulatedHost } from "./host.ts";
import { SimulatedInterface } from "./interface.ts";

/** A NAT router with a single outer address: hosts inside can dial out, but cannot be dialled. */
export interface Nat {
  readonly inside: string;
  readonly outside: string;
  readonly address: string;
}

/** A load balancer: one address behind which several hosts answer in turn. */
export interface Balancer {
  readonly subnet: string;
  readonly address: string;
  readonly members: readonly SimulatedHost[];
}

export type AddressOwner = SimulatedInterface | Nat | Balancer;

/** A route from a host to an address, valid until something on it changes. */
export interface Route {
  readonly owner: AddressOwner | "self";
  /** The sender's address, as seen by the receiver: like from Bun, without a zone. */
  readonly seenAs: string;
  /** Whether both ends still have the addresses of the connection. */
  readonly stands: () => boolean;
}

/** The addresses on each subnet, and the routes between them. */
export class Topology {
  /** Counts changes. */
  changes = 0;
  readonly #owners = new Map<string, Map<string, AddressOwner>>();
  readonly #nats: Nat[] = [];

  addNat(nat: Nat): void {
    this.claim(nat.outside, nat.address, nat);
    this.#nats.push(nat);
  }

  addBalancer(balancer: Balancer): void {
    this.claim(balancer.subnet, balancer.address, balancer);
  }

  claim(subnet: string, address: string, owner: AddressOwner): void {
    const owners = this.#owners.get(subnet) ?? new Map<string, AddressOwner>();
    this.#owners.set(subnet, owners);
    if (owners.has(address)) throw new Error(`${address} is taken on ${subnet}`);
    owners.set(address, owner);
    this.changes++;
  }

  release(subnet: string, address: string, owner: AddressOwner): void {
    if (this.ownerOf(subnet, address) !== owner) return;
    this.#owners.get(subnet)?.delete(address);
    this.changes++;
  }

  ownerOf(subnet: string, address: string): AddressOwner | undefined {
    return this.#owners.get(subnet)?.get(address);
  }

  /**
   * The route to an IP literal: directly over a subnet, or else through NATs. `offline` if the host
   * has no network, undefined if the address does not exist on any of its networks.
   */
  route(from: SimulatedHost, target: string): Route | "offline" | undefined {
    const { address, zone } = ipLiteral(target) ?? { address: target, zone: undefined };
    if (isLoopbackAddress(address)) return toSelf(address);
    const up = from.interfaces.filter((one) => one.isUp);
    if (up.some((one) => one.addresses.includes(address))) return toSelf(address);
    if (up.length === 0) return "offline";
    const usable = zone === undefined ? up : up.filter((one) => one.name === zone);
    return (
      firstOf(usable, (one) => this.#direct(one, address)) ??
      firstOf(usable, (one) => this.#translated(one, address))
    );
  }

  #direct(leaving: SimulatedInterface, address: string): Route | undefined {
    const owner = this.ownerOf(leaving.subnet, address);
    const source = sourceOf(leaving, address);
    if (!owner || source === undefined) return undefined;
    const stands = () =>
      this.ownerOf(leaving.subnet, source) === leaving &&
      this.ownerOf(leaving.subnet, address) === owner;
    return { owner, seenAs: source, stands };
  }

  #translated(leaving: SimulatedInterface, address: string): Route | undefined {
    const source = sourceOf(leaving, address);
    if (source === undefined) return undefined;
    const out = this.#through(leaving.subnet, address, new Set());
    if (!out) return undefined;
    const stands = () => this.ownerOf(leaving.subnet, source) === leaving && out.stands();
    return { ...out, stands };
  }

  /** Through one NAT or several in sequence. */
  #through(inside: string, address: string, passed: Set<Nat>): Route | undefined {
    return firstOf(this.#nats, (nat) => {
      if (nat.inside !== inside || passed.has(nat)) return undefined;
      const owner = this.ownerOf(nat.outside, address);
      if (!owner) return this.#through(nat.outside, address, new Set(passed).add(nat));
      const stands = () => this.ownerOf(nat.outside, address) === owner;
      return { owner, seenAs: nat.address, stands };
    });
  }
}

/** The host with an address; undefined for that of a NAT or balancer. */
export function hostAt(owner: AddressOwner | "self"): SimulatedHost | undefined {
  return owner instanceof SimulatedInterface ? owner.host : undefined;
}

function toSelf(address: string): Route {
  return { owner: "self", seenAs: address, stands: () => true };
}

function sourceOf(leaving: SimulatedInterface, target: string): string | undefined {
  const family = leaving.addresses.filter((one) => familyOf(one) === familyOf(target));
  const isLinkLocal = (address: string) => address.startsWith("fe80:");
  return family.find((one) => isLinkLocal(one) === isLinkLocal(target)) ?? family[0];
}

function firstOf<Item, Found>(
  items: readonly Item[],
  find: (item: Item) => Found | undefined,
): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
