import { mkdirSync, writeFileSync } from "node:fs";
import { must } from "./commands.ts";
import {
  FILES,
  inside,
  ip,
  PREFIX,
  raiseNeighbourLimits,
  removeNamespaces,
  setSystem,
} from "./namespace-host.ts";

let labs = 0;

/**
 * The one family of addresses that a network has, besides loopback and IPv6 link-local ones; or
 * those alone.
 */
export type Family = 4 | 6 | "link-local";

/** The switch itself, which is everybody's gateway. */
export const GATEWAY = 254;

/**
 * Machines as network namespaces on one switch, which is a bridge in a namespace of its own: what
 * runs in them sees real interfaces and real multicast, and nothing of the host, whose addresses,
 * firewall and own tankd stay out of it.
 */
export class Namespaces {
  readonly #name: string;
  readonly #family: Family;
  readonly #made: string[] = [];

  private constructor(name: string, family: Family) {
    this.#name = name;
    this.#family = family;
  }

  static async open(family: Family = 4): Promise<Namespaces> {
    raiseNeighbourLimits();
    const namespaces = new Namespaces(`${PREFIX}-${process.pid}-${labs++}`, family);
    const { switch: bridge } = namespaces;
    await namespaces.#make([bridge]);
    await setSystem(bridge, "net/ipv4/ip_forward", "0");
    await inside(bridge, [
      "link set lo up",
      "link add br0 type bridge",
      ...namespaces.#address(GATEWAY, "br0"),
      "link set br0 up",
      "link add br1 type bridge",
      "link set br1 up",
    ]);
    return namespaces;
  }

  /** The namespace of the switch: everybody's neighbour at .254, and a place to look from. */
  get switch(): string {
    return `${this.#name}-switch`;
  }

  /**
   * Machines with loopback, `eth0` on the switch, and a default route. Numbers from 1 to 250. With
   * link-local addresses alone there is no route, and the card is `lan1` on machine 1 and so on.
   */
  async add(machines: readonly number[]): Promise<void> {
    await this.#make(machines.map((machine) => this.nameOf(machine)));
    await inside(
      this.switch,
      machines.flatMap((machine) => this.#plugIn(machine)),
    );
    await Promise.all(machines.map((machine) => this.#setUp(machine, machine)));
  }

  /**
   * A machine with `eth0` on a network of its own, behind a router with one address on the switch
   * that it shares (masquerading): it can dial everybody, and only the switch can dial it.
   */
  async addBehindRouter(machine: number): Promise<void> {
    const router = this.#routerOf(machine);
    const inner = `10.78.${machine}`;
    await this.#make([router, this.nameOf(machine)]);
    const outside = ["peer", "name", "wan", "netns", router];
    await inside(this.switch, [
      `link add port${machine} type veth ${outside.join(" ")}`,
      `link set port${machine} master br0 up`,
    ]);
    await inside(router, [
      "link set lo up",
      `addr add ${this.#onLink(machine)} dev wan`,
      "link set wan up",
      `link add lan type veth peer name eth0 netns ${this.nameOf(machine)}`,
      `addr add ${inner}.1/24 dev lan`,
      "link set lan up",
      `route add default via ${this.addressOf(GATEWAY)}`,
    ]);
    await setSystem(router, "net/ipv4/ip_forward", "1");
    for (const rule of [
      "add table ip nat",
      "add chain ip nat leaving { type nat hook postrouting priority 100 ; }",
      "add rule ip nat leaving oif wan masquerade",
    ]) {
      await must("ip", "netns", "exec", router, "nft", rule);
    }
    await inside(this.nameOf(machine), [
      "link set lo up",
      `addr add ${inner}.2/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${inner}.1`,
    ]);
    await inside(this.switch, [`route add ${inner}.0/24 via ${this.addressOf(machine)}`]);
  }

  nameOf(machine: number): string {
    return `${this.#name}-${machine}`;
  }

  addressOf(host: number): string {
    if (this.#family === "link-local") return `fe80::77:${host}`;
    return this.#family === 4 ? `10.77.0.${host}` : `fd77::${host}`;
  }

  secondAddressOf(host: number): string {
    return `10.79.0.${host}`;
  }

  /**
   * The machine's network card. Where its name is the zone of addresses it is another one on each,
   * so that one machine's zone means nothing to the next.
   */
  cardOf(machine: number): string {
    return this.#family === "link-local" ? `lan${machine}` : "eth0";
  }

  /** Where a machine behind a router is seen from the switch. */
  addressBehindRouter(machine: number): string {
    return `10.78.${machine}.2`;
  }

  /** Pulls a machine's cable, or plugs it in again. */
  async setCable(machine: number, state: "up" | "down"): Promise<void> {
    await inside(this.switch, [`link set port${machine} ${state}`]);
  }

  /** Puts these machines on a switch of their own, which nothing connects with the first. */
  async splitOff(machines: readonly number[]): Promise<void> {
    await inside(
      this.switch,
      machines.map((machine) => `link set port${machine} master br1`),
    );
  }

  /**
   * A second network, behind the same router: from each one only the machine `shared` of the first
   * is reached by those of the other, and that one reaches all. No multicast gets across.
   */
  async addSecondNetwork(shared: number): Promise<void> {
    const address = this.addressOf(shared);
    await inside(this.switch, [
      `addr add ${this.secondAddressOf(GATEWAY)}/24 dev br1`,
      `rule add pref 10 iif br1 to ${address} lookup main`,
      "rule add pref 20 iif br1 blackhole",
      `rule add pref 30 iif br0 from ${address} lookup main`,
      "rule add pref 40 iif br0 blackhole",
    ]);
    await setSystem(this.switch, "net/ipv4/ip_forward", "1");
  }

  /** From now on a machine hears and is heard by the switch alone, and all others are silent. */
  async silence(machine: number): Promise<void> {
    const gateway = this.addressOf(GATEWAY);
    await this.#nft(machine, [
      "add table inet silence",
      "add chain inet silence in { type filter hook input priority 0 ; policy drop ; }",
      "add chain inet silence out { type filter hook output priority 0 ; policy drop ; }",
      "add rule inet silence in iif lo accept",
      "add rule inet silence out oif lo accept",
      `add rule inet silence in ip saddr ${gateway} accept`,
      `add rule inet silence out ip daddr ${gateway} accept`,
    ]);
  }

  /** A silent machine is carried to the second network, where it is heard. */
  async moveToSecond(machine: number): Promise<void> {
    await this.setCable(machine, "down");
    await this.#nft(machine, ["delete table inet silence"]);
    await inside(this.nameOf(machine), [
      `addr del ${this.#onLink(machine)} dev eth0`,
      `addr add ${this.secondAddressOf(machine)}/24 dev eth0`,
      `route replace default via ${this.secondAddressOf(GATEWAY)}`,
    ]);
    await this.splitOff([machine]);
    await this.setCable(machine, "up");
  }

  /** Undoes `splitOff`. */
  async rejoin(machines: readonly number[]): Promise<void> {
    await inside(
      this.switch,
      machines.map((machine) => `link set port${machine} master br0`),
    );
  }

  /** Another lease: the machine's address goes, and another one comes. */
  async changeAddress(machine: number, from: number, to: number): Promise<void> {
    await inside(this.nameOf(machine), [
      `addr del ${this.#onLink(from)} dev eth0`,
      `addr add ${this.#onLink(to)} dev eth0`,
      `route replace default via ${this.addressOf(GATEWAY)}`,
    ]);
  }

  /** The network card is pulled out and one with the same name and address put in at once. */
  async replaceCard(machine: number, host: number): Promise<void> {
    await inside(this.switch, [`link del port${machine}`, ...this.#plugIn(machine)]);
    await this.#setUp(machine, host);
  }

  /** From now on two machines reach every other, but not each other, unless by multicast. */
  async part(one: number, other: number): Promise<void> {
    const without = (to: number) => [`route add blackhole ${this.addressOf(to)}`];
    await inside(this.nameOf(one), without(other));
    await inside(this.nameOf(other), without(one));
  }

  /**
   * What names stand for on a machine, instead of the host's /etc/hosts. Before its first process.
   */
  setHosts(machine: number, addresses: Readonly<Record<string, readonly number[]>>): void {
    const lines = ["127.0.0.1 localhost"];
    for (const [name, hosts] of Object.entries(addresses)) {
      for (const host of hosts) lines.push(`${this.addressOf(host)} ${name}`);
    }
    this.#writeFile(machine, "hosts", lines);
  }

  /** Whom a machine asks for names, in place of whom the host asks. Before its first process. */
  setNameServer(machine: number, server: number, searchDomain = "."): void {
    const lines = [`nameserver ${this.addressOf(server)}`, `search ${searchDomain}`];
    this.#writeFile(machine, "resolv.conf", lines);
  }

  async close(): Promise<void> {
    await removeNamespaces(this.#made);
  }

  #writeFile(machine: number, name: string, lines: readonly string[]): void {
    const folder = `${FILES}/${this.nameOf(machine)}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${name}`, `${lines.join("\n")}\n`);
  }

  #onLink(host: number): string {
    return this.#family === 4 ? `${this.addressOf(host)}/24` : `${this.addressOf(host)}/64 nodad`;
  }

  #address(host: number, card: string): readonly string[] {
    const add = `addr add ${this.#onLink(host)} dev ${card}`;
    // Else the kernel would add one by itself.
    return this.#family === "link-local" ? [`link set ${card} addrgenmode none`, add] : [add];
  }

  async #nft(machine: number, rules: readonly string[]): Promise<void> {
    for (const rule of rules) {
      await must("ip", "netns", "exec", this.nameOf(machine), "nft", rule);
    }
  }

  #routerOf(machine: number): string {
    return `${this.nameOf(machine)}-router`;
  }

  #plugIn(machine: number): readonly string[] {
    const peer = ["peer", "name", this.cardOf(machine), "netns", this.nameOf(machine)];
    return [
      `link add port${machine} type veth ${peer.join(" ")}`,
      `link set port${machine} master br0 up`,
    ];
  }

  #setUp(machine: number, host: number): Promise<void> {
    const card = this.cardOf(machine);
    const isLinkLocal = this.#family === "link-local";
    return inside(this.nameOf(machine), [
      "link set lo up",
      ...this.#address(host, card),
      `link set ${card} up`,
      ...(isLinkLocal ? [] : [`route add default via ${this.addressOf(GATEWAY)}`]),
    ]);
  }

  async #make(names: readonly string[]): Promise<void> {
    this.#made.push(...names);
    await ip(
      [],
      names.map((name) => `netns add ${name}`),
    );
  }
}
