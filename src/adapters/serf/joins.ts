import { formatHostPort, plainHost } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { atOnce } from "../../platform/at-once.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Network } from "../../platform/network.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { Agent } from "./agent.ts";
import type { Member } from "./members.ts";
import { RefusedCommand } from "./rpc.ts";

export interface JoinDeps {
  readonly network: Pick<Network, "resolve">;
  readonly timers: Timers;
  /** Another connection to the agent: one that joins answers nothing else for seconds. */
  readonly open: () => Promise<Agent>;
  readonly onJoined: () => void;
}

/** Delay until a place that could not be joined is tried again, doubled up to the maximum. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** Concurrent joins: the agent waits 10 s for a place that does not answer. */
const AT_ONCE = 4;

/**
 * Keeps an agent in the cluster of the given agents: each is joined, and again whenever it is not
 * among the live members, since a restarted agent knows nobody.
 */
export class Joins {
  readonly #places: readonly Address[];
  readonly #deps: JoinDeps;
  readonly #ending = new AbortController();
  /** Why a place could not be joined, in a few words. */
  readonly #failures = new Map<string, string>();
  #hasCompany = false;
  #pause = new AbortController();

  constructor(places: readonly Address[], deps: JoinDeps) {
    this.#places = places;
    this.#deps = deps;
  }

  /** Runs until {@link close}. */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    let retryMs = RETRY_MIN_MS;
    while (this.#places.length > 0 && !signal.aborted) {
      this.#pause = new AbortController();
      await this.#round();
      const isCalm = this.#failures.size === 0;
      const waitMs = isCalm ? RETRY_MAX_MS : retryMs;
      retryMs = isCalm ? RETRY_MIN_MS : Math.min(RETRY_MAX_MS, 2 * retryMs);
      await sleep(this.#deps.timers, waitMs, AbortSignal.any([signal, this.#pause.signal]));
    }
  }

  /** Tries at once. */
  refresh(): void {
    if (this.#failures.size > 0) this.#pause.abort();
  }

  close(): void {
    this.#ending.abort();
  }

  /** True while no place could be joined and nobody has joined the agent. */
  get isAlone(): boolean {
    const { size } = this.#failures;
    return size > 0 && size === this.#places.length && !this.#hasCompany;
  }

  hasFailedAt(place: Address): boolean {
    return this.#failures.has(formatHostPort(place));
  }

  /** The places that could not be joined, in one line; undefined if there are none. */
  describe(): string | undefined {
    const [first] = this.#failures;
    if (first === undefined) return undefined;
    const more = this.#failures.size > 1 ? ` (and ${this.#failures.size - 1} more)` : "";
    return `cannot join ${first[0]}: ${first[1]}${more}`;
  }

  async #round(): Promise<void> {
    await atOnce(AT_ONCE, this.#places, async (place) => {
      if (this.#ending.signal.aborted) return;
      const text = formatHostPort(place);
      try {
        await this.#ensure(place, text);
        this.#failures.delete(text);
      } catch (error) {
        this.#failures.set(text, reasonOf(error));
      }
    });
  }

  async #ensure(place: Address, text: string): Promise<void> {
    // A name that only the agent can resolve is left to it.
    const hosts = await this.#deps.network.resolve(place.host).catch(() => []);
    const agent = await this.#deps.open();
    const stop = () => agent.close();
    this.#ending.signal.addEventListener("abort", stop, { once: true });
    try {
      const members = await agent.aliveMembers();
      this.#hasCompany = members.some(({ name }) => name !== agent.name);
      if (members.some((member) => isAt(member, hosts, place.port))) return;
      await agent.join(text);
      this.#deps.onJoined();
    } finally {
      this.#ending.signal.removeEventListener("abort", stop);
      agent.close();
    }
  }
}

function isAt(member: Member, hosts: readonly string[], port: number): boolean {
  return member.port === port && hosts.some((host) => plainHost(host) === plainHost(member.host));
}

/** The end of Serf's message: `1 error occurred: * Failed to join …: dial tcp …: i/o timeout`. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return error instanceof RefusedCommand ? (message.split(": ").at(-1) ?? "") : message;
}
