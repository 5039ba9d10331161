import { isLoopbackAddress } from "./addresses.ts";

/** What names resolve to: entries of its own, and else the name of each host. */
export class Names {
  readonly #entries = new Map<string, string[]>();
  readonly #ofHost: (name: string) => readonly string[] | undefined;

  constructor(ofHost: (name: string) => readonly string[] | undefined) {
    this.#ofHost = ofHost;
  }

  /** From now on the name has these addresses; with none it is unknown. */
  set(name: string, addresses: readonly string[]): void {
    this.#entries.set(name.toLowerCase(), [...addresses]);
  }

  /** All addresses, in another order each time, as name servers answer. Undefined when unknown. */
  addressesOf(name: string): readonly string[] | undefined {
    if (name === "localhost") return ["127.0.0.1"];
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) return this.#ofHost(name)?.filter((one) => !isLoopbackAddress(one));
    const answer = [...entry];
    const first = entry.shift();
    if (first !== undefined) entry.push(first);
    return answer.length > 0 ? answer : undefined;
  }
}
