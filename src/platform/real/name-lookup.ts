import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { availableParallelism } from "node:os";
import { messageOf } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { KeyedSemaphore } from "../mutex.ts";
import { NetworkError } from "../network.ts";
import { systemFailure } from "./system-failure.ts";

/** An unresponsive name server blocks getaddrinfo for 25 s and more. */
const DEADLINE_MS = 3000;
/** RFC 1035, section 2.3.4, in text form. */
const NAME_CHARACTERS_MAX = 253;

/**
 * Each lookup occupies a thread of the pool that also reads and writes files, while a name server
 * is silent. The pool has two or more threads; one is left free.
 */
const LOOKUPS_AT_ONCE = Math.max(1, availableParallelism() - 1);

type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

/**
 * Resolves names by the system: /etc/hosts, search domains, multicast DNS if configured, IPv4 and
 * IPv6. Settles within its deadline, whatever the system does.
 */
export class NameLookup {
  readonly #lookup: Lookup;
  readonly #deadlineMs: number;
  readonly #semaphore: KeyedSemaphore;
  /** Concurrent requests for a name share one lookup, which may outlive their deadline. */
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor(
    lookup: Lookup = (host) => systemLookup(host, { all: true, order: "verbatim" }),
    deadlineMs: number = DEADLINE_MS,
    atOnce: number = LOOKUPS_AT_ONCE,
  ) {
    this.#lookup = lookup;
    this.#deadlineMs = deadlineMs;
    this.#semaphore = new KeyedSemaphore(atOnce);
  }

  /** See {@link Network.resolve}. */
  async resolve(host: string): Promise<readonly string[]> {
    const name = host.replace(/^\[(.*)\]$/, "$1");
    if (isIP(name) !== 0) return [name];
    if (name === "" || name.length > NAME_CHARACTERS_MAX) {
      throw new NetworkError("unreachable", `not a name: ${name.slice(0, NAME_CHARACTERS_MAX)}`);
    }
    const late = Promise.withResolvers<never>();
    const deadline = setTimeout(
      () =>
        late.reject(new NetworkError("timeout", `${name}: no answer in ${this.#deadlineMs} ms`)),
      this.#deadlineMs,
    );
    try {
      return await Promise.race([this.#shared(name), late.promise]);
    } finally {
      clearTimeout(deadline);
    }
  }

  #shared(name: string): Promise<readonly string[]> {
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= LIMITS.nameLookupsPendingMax) {
      throw new NetworkError("unreachable", `${name}: too many names are being looked up`);
    }
    const answer = this.#ask(name).finally(() => this.#pending.delete(name));
    // All callers may have timed out: then a failure has no receiver.
    answer.catch(() => {});
    this.#pending.set(name, answer);
    return answer;
  }

  async #ask(name: string): Promise<readonly string[]> {
    try {
      const found = await this.#semaphore.run("lookups", () => this.#lookup(name));
      return [...new Set(found.map(({ address }) => address))];
    } catch (error) {
      const [failure, reason] = systemFailure(error);
      throw new NetworkError(failure, `${name}: ${messageOf(error)}`, reason);
    }
  }
}
