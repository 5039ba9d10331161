import type { Announcement } from "../../discovery/backend.ts";
import { messageOf } from "../../platform/errors.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { ConsulAgent } from "./agent.ts";
import { deregister, REPORT_MS, register, report } from "./service.ts";

/** Interval of retries while the agent does not accept the registration. */
const RETRY_MS = 3_000;
/**
 * The longest that a stopping node waits for a request in progress, and then for its
 * deregistration.
 */
const FAREWELL_MS = 800;

/** Keeps this node registered with the agent, even if the agent restarts. */
export class Registration {
  readonly #agent: ConsulAgent;
  readonly #timers: Timers;
  readonly #onOutcome: () => void;
  /** The node's current announcement. */
  #wanted: Announcement | undefined;
  /** The last announcement that the agent accepted; undefined if unknown. */
  #told: Announcement | undefined;
  #failure: string | undefined;
  #wake: () => void = () => {};
  #life = new AbortController();
  #turn: Promise<void> = Promise.resolve();

  /** @param onOutcome called after each attempt */
  constructor(agent: ConsulAgent, timers: Timers, onOutcome: () => void) {
    this.#agent = agent;
    this.#timers = timers;
    this.#onOutcome = onOutcome;
  }

  get isRegistered(): boolean {
    return this.#told !== undefined && isReachable(this.#told);
  }

  /** Why it is not registered; one line for people. Undefined while everything works. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Resolves after the first attempt, successful or not. */
  async start(announcement: Announcement): Promise<void> {
    const life = new AbortController();
    this.#life = life;
    this.#wanted = announcement;
    await this.#take();
    void this.#keep(life.signal);
  }

  update(announcement: Announcement): void {
    this.#wanted = announcement;
    this.#wake();
  }

  /** Rejects if the agent does not accept the deregistration: it will notice the silence. */
  async stop(): Promise<void> {
    this.#life.abort();
    this.#wake();
    const nodeId = this.#wanted?.nodeId;
    this.#wanted = undefined;
    if (nodeId === undefined) return;
    // A registration that arrives after the deregistration would stay.
    const isOver = await Promise.race([
      this.#turn.then(() => true),
      sleep(this.#timers, FAREWELL_MS).then(() => false),
    ]);
    const mayBeKnown = this.isRegistered || !isOver;
    this.#told = undefined;
    if (mayBeKnown) await deregister(this.#agent, nodeId, { timeoutMs: FAREWELL_MS });
  }

  async #keep(life: AbortSignal): Promise<void> {
    while (!life.aborted) {
      const isCurrent = this.#told === this.#wanted;
      const pauseMs = this.#failure === undefined ? REPORT_MS : RETRY_MS;
      if (isCurrent || this.#failure !== undefined) await this.#pause(pauseMs);
      if (!life.aborted) await this.#take();
    }
  }

  #pause(ms: number): Promise<void> {
    const pause = new AbortController();
    this.#wake = () => pause.abort();
    return sleep(this.#timers, ms, pause.signal);
  }

  #take(): Promise<void> {
    this.#turn = this.#attempt();
    return this.#turn;
  }

  async #attempt(): Promise<void> {
    try {
      await this.#tell();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = messageOf(error);
    }
    this.#onOutcome();
  }

  async #tell(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const { nodeId } = wanted;
    if (wanted === this.#told) {
      if (!isReachable(wanted) || (await report(this.#agent, nodeId)) === "taken") return;
    }
    const wasRegistered = this.isRegistered;
    this.#told = undefined;
    if (isReachable(wanted)) await register(this.#agent, wanted);
    else if (wasRegistered) await deregister(this.#agent, nodeId);
    this.#told = wanted;
    // A critical check stays critical when its service is registered again.
    if (isReachable(wanted)) await report(this.#agent, nodeId);
  }
}

/** Without an address there is nothing to register; the node gets one when a network appears. */
function isReachable({ addresses }: Announcement): boolean {
  return addresses.length > 0;
}
