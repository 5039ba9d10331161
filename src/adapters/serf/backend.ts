import { formatHostPort } from "../../discovery/addresses.ts";
import type {
  Address,
  Announcement,
  DiscoveryBackend,
  Nomination,
} from "../../discovery/backend.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Network } from "../../platform/network.ts";
import { sleep } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { Agent } from "./agent.ts";
import { AgentFinder, type FindDeps, type FoundAgent } from "./find-agent.ts";
import { Joins } from "./joins.ts";
import { SERF_PORT } from "./own-agent.ts";
import { Session } from "./session.ts";

export interface SerfDeps extends FindDeps {
  readonly network: Pick<Network, "resolve">;
  readonly log: Log;
  /** Agents to join. */
  readonly join: readonly Address[];
}

/** The agent in use, and its session. */
interface Link extends FoundAgent {
  readonly session: Session;
  readonly joins: Joins;
}

/** Delay until a lost agent is looked for again, doubled up to the maximum. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** The longest wait for the agent to tell the others that this node's tags are gone. */
const WITHDRAW_MS = 1_500;

/**
 * Discovery by the members of a Serf cluster: the hints are tags of the agent on this machine. If
 * none runs, one is started, joined to the others, and ended with this node.
 */
export class SerfBackend implements DiscoveryBackend {
  readonly name = "serf";
  readonly #deps: SerfDeps;
  readonly #finder: AgentFinder;
  #ending = new AbortController();
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  #link: Link | undefined;
  /** Why there is none; one line. */
  #lack = "";

  constructor(deps: SerfDeps) {
    this.#deps = deps;
    this.#finder = new AgentFinder(deps);
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    const ending = new AbortController();
    this.#ending = ending;
    this.#announcement = announcement;
    this.#nominate = nominate;
    void this.#keep(await this.#connect(announcement, ending.signal), ending.signal);
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    const { session, own, agent } = this.#link ?? {};
    session?.update(announcement);
    if (own?.suits(announcement, this.#deps.machine) === false) {
      agent?.close("it is announced at an address that this node no longer has");
    }
  }

  refresh(): void {
    this.#link?.session.refresh();
    this.#link?.joins.refresh();
  }

  describe(): string {
    if (!this.#link) return this.#lack;
    const { session, joins, agent, own } = this.#link;
    const who = own
      ? `an agent of its own, which others join at ${formatHostPort(own.place)}`
      : `the agent at ${formatHostPort(agent.address)}`;
    const nodes = `${session.others} other ${session.others === 1 ? "node" : "nodes"}`;
    const taken =
      own?.neighbour && joins.hasFailedAt(own.neighbour)
        ? `another program has port ${SERF_PORT}: end it, or name this place to the others`
        : undefined;
    const all = [taken, session.trouble, joins.describe()];
    const troubles = all.filter((one) => one !== undefined);
    return [`${nodes} by ${who}`, ...troubles].join("; ");
  }

  isWorking(): boolean {
    return this.#link !== undefined && !this.#link.joins.isAlone;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    const link = this.#link;
    this.#link = undefined;
    if (!link) return;
    link.joins.close();
    if (!link.own) {
      const withdrawn = link.session.withdraw().catch(() => {});
      await Promise.race([withdrawn, sleep(this.#deps.timers, WITHDRAW_MS)]);
    }
    link.agent.close();
    await link.own?.end();
  }

  /** Uses an agent, and the next one when that is lost. */
  async #keep(first: Link, signal: AbortSignal): Promise<void> {
    const { clock, timers, log } = this.#deps;
    let delayMs = RETRY_MIN_MS;
    for (let link: Link | undefined = first; ; link = await this.#reconnect(signal)) {
      if (link) {
        const sinceMs = clock.monotonicMs();
        const reason = messageOf(await this.#use(link));
        if (signal.aborted) return;
        this.#lack = `the Serf agent at ${formatHostPort(link.agent.address)} is lost: ${reason}`;
        log.warn("serf agent lost", { reason });
        await link.own?.end();
        if (clock.monotonicMs() - sinceMs > RETRY_MAX_MS) delayMs = RETRY_MIN_MS;
      }
      await sleep(timers, delayMs, signal);
      if (signal.aborted) return;
      delayMs = Math.min(RETRY_MAX_MS, 2 * delayMs);
    }
  }

  async #use(link: Link): Promise<Error> {
    this.#link = link;
    void link.joins.run();
    const reason = await link.session.run();
    link.joins.close();
    if (this.#link === link) this.#link = undefined;
    return reason;
  }

  async #reconnect(signal: AbortSignal): Promise<Link | undefined> {
    try {
      return this.#announcement && (await this.#connect(this.#announcement, signal));
    } catch (error) {
      this.#lack = messageOf(error);
      return undefined;
    }
  }

  async #connect(announcement: Announcement, signal: AbortSignal): Promise<Link> {
    const { timers, clock, network, log, join } = this.#deps;
    const found = await this.#finder.find(announcement);
    const { agent, own, at } = found;
    if (signal.aborted) {
      agent.close();
      await own?.end();
      throw new Error("stopped");
    }
    if (own) log.info("serf agent started", { at: formatHostPort(own.place) });
    const nominate = (nomination: Nomination) => {
      if (!signal.aborted) this.#nominate(nomination);
    };
    const latest = this.#announcement ?? announcement;
    const places = own?.neighbour ? [...join, own.neighbour] : join;
    const open = () => Agent.open(at, timers);
    const session = new Session({ agent, open, clock, timers, nominate }, latest);
    const onJoined = () => session.lookAgain();
    return { ...found, session, joins: new Joins(places, { network, timers, open, onJoined }) };
  }
}
