import { isLoopbackAddress } from "./addresses.ts";

/** Name resolution: explicit entries, or else the names of hosts. */
export class Names {
  readonly #entries = new Map<string, string[]>();
  readonly #ofHost: (name: string) => readonly string[] | undefined;

  constructor(ofHost: (name: string) => readonly string[] | undefined) {
    this.#ofHost = ofHost;
  }

  /** Sets the addresses of a name; without any it is unknown. */
  set(name: string, addresses: readonly string[]): void {
    this.#entries.set(name.toLowerCase(), [...addresses]);
  }

  /** All addresses, in rotating order, like name servers. Undefined for an unknown name. */
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
