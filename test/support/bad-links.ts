import { Cable, type CableQuality } from "./cable.ts";
import { must } from "./commands.ts";
import { inside, setSystem } from "./namespace-host.ts";
import type { Namespaces } from "./namespaces.ts";

/** Makes the links of some machines bad: lossy, slow, or deaf. */
export class BadLinks {
  readonly #network: Namespaces;
  readonly #cables = new Map<number, Cable>();

  constructor(network: Namespaces) {
    this.#network = network;
  }

  /** A machine's cable is bad from now on, or of another quality. */
  async setQuality(machine: number, quality: CableQuality): Promise<void> {
    const cable = this.#cables.get(machine) ?? (await this.#layCable(machine));
    this.#cables.set(machine, cable);
    await cable.set(quality);
  }

  /** From now on a machine does not hear another one, which hears it. */
  async deafen(machine: number, toAddress: string): Promise<void> {
    await this.#nft(machine, [
      "add table inet deaf",
      "add chain inet deaf in { type filter hook input priority 0 ; }",
      `add rule inet deaf in ip saddr ${toAddress} drop`,
    ]);
  }

  /** Undoes every `deafen` of a machine. */
  async hearAgain(machine: number): Promise<void> {
    await this.#nft(machine, ["delete table inet deaf"]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#cables.values()].map((cable) => cable.remove()));
  }

  /** The cable leads from the machine's port to another card, which is on the switch instead. */
  async #layCable(machine: number): Promise<Cable> {
    const { switch: bridge } = this.#network;
    const [port, end, plug] = [`port${machine}`, `cable${machine}`, `plug${machine}`];
    await inside(bridge, [
      `link set ${port} nomaster`,
      `link add ${end} type veth peer name ${plug}`,
      `link set ${end} up`,
      `link set ${plug} master br0 up`,
    ]);
    // The switch must not answer by itself what the cable is to carry.
    for (const card of [port, end]) {
      await setSystem(bridge, `net/ipv4/conf/${card}/arp_ignore`, "8");
      await setSystem(bridge, `net/ipv6/conf/${card}/disable_ipv6`, "1");
    }
    return Cable.between(bridge, [port, end], machine);
  }

  async #nft(machine: number, rules: readonly string[]): Promise<void> {
    for (const rule of rules) {
      await must("ip", "netns", "exec", this.#network.nameOf(machine), "nft", rule);
    }
  }
}
