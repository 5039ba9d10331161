import type { Announcement, DiscoveryBackend, Nomination } from "../../discovery/backend.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ConsulAgent } from "./agent.ts";
import { type Instances, passingInstances } from "./instances.ts";
import { Registration } from "./registration.ts";
import { Watch, type WatchDeps } from "./watch.ts";

export interface ConsulBackendDeps extends WatchDeps {
  readonly agent: ConsulAgent;
  readonly log: Log;
}

/**
 * Discovery by the catalog of Consul: the node registers itself with the given agent, and learns of
 * the other nodes from it.
 */
export class ConsulBackend implements DiscoveryBackend {
  readonly name = "consul";
  readonly #agent: ConsulAgent;
  readonly #log: Log;
  readonly #registration: Registration;
  readonly #watch: Watch<Instances>;
  #isRunning = false;
  /** Undefined once it is stopped. */
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  /** The other nodes as last nominated, by instance key. */
  #others = new Map<string, string>();
  #listed: Instances | undefined;
  #watchFailure: string | undefined;
  /** The last logged text. */
  #logged = "";

  constructor(deps: ConsulBackendDeps) {
    this.#agent = deps.agent;
    this.#log = deps.log;
    this.#registration = new Registration(deps.agent, deps.timers, () => this.#noteFailures());
    this.#watch = new Watch(deps, {
      ask: (index, signal) => passingInstances(deps.agent, index, signal),
      onAnswer: (instances) => {
        this.#watchFailure = undefined;
        this.#follow(instances);
        this.#noteFailures();
      },
      onFailure: (reason) => {
        this.#watchFailure = reason;
        this.#noteFailures();
      },
    });
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    this.#announcement = announcement;
    this.#nominate = nominate;
    await Promise.all([this.#registration.start(announcement), this.#watch.start()]);
    if (this.#announcement === undefined) return;
    this.#isRunning = !this.#registration.failure || !this.#watchFailure;
    if (this.#isRunning) return this.#noteFailures();
    const reason = this.describe();
    await this.stop();
    throw new Error(reason);
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    this.#registration.update(announcement);
  }

  refresh(): void {
    for (const key of this.#others.keys()) this.#others.set(key, "");
    this.#watch.refresh();
  }

  describe(): string {
    const failures = this.#failures();
    if (failures.length > 0 && !this.isWorking()) return failures.join("; ");
    const { isRegistered } = this.#registration;
    const registered = isRegistered ? `registered with ${this.#agent.name}` : this.#agent.name;
    const { size } = this.#others;
    const sees = `${size} other ${size === 1 ? "node" : "nodes"}`;
    return [registered, sees, ...failures, ...this.#oddities()].join("; ");
  }

  /** Other nodes find a registered node; without registration it must have found some itself. */
  isWorking(): boolean {
    const hasFound = this.#watchFailure === undefined && this.#others.size > 0;
    return this.#registration.failure === undefined || hasFound;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#announcement = undefined;
    this.#nominate = () => {};
    this.#watch.stop();
    this.#others.clear();
    this.#listed = undefined;
    this.#watchFailure = undefined;
    await this.#registration.stop();
  }

  #follow(listed: Instances): void {
    this.#listed = listed;
    const before = this.#others;
    this.#others = new Map();
    for (const { key, nomination } of listed.instances) {
      const { cluster } = nomination;
      if (this.#isThisStart(nomination)) continue;
      if (cluster !== undefined && cluster !== this.#announcement?.cluster) continue;
      const text = JSON.stringify(nomination);
      this.#others.set(key, text);
      if (before.get(key) !== text) this.#nominate(nomination);
    }
  }

  /** Another start with this node's id may be a copy of it: the cluster decides. */
  #isThisStart({ nodeId, bootId }: Nomination): boolean {
    return nodeId === this.#announcement?.nodeId && bootId === this.#announcement?.bootId;
  }

  /** Each problem once, even if both halves report it. */
  #failures(): readonly string[] {
    const both = [this.#registration.failure, this.#watchFailure];
    return [...new Set(both.filter((one) => one !== undefined))];
  }

  /** Problems that an operator would not see otherwise. */
  #oddities(): readonly string[] {
    const { instances = [], dropped = 0, isFiltered = false } = this.#listed ?? {};
    const isListed = instances.some(({ nomination }) => this.#isThisStart(nomination));
    const isMissed = this.#listed !== undefined && this.#registration.isRegistered && !isListed;
    return [
      ...(isFiltered ? ["the token may not read all: it needs node:read and service:read"] : []),
      ...(isMissed && !isFiltered ? ["does not list this node: is it in maintenance?"] : []),
      ...(dropped > 0 ? [`${dropped} more are listed than are read`] : []),
    ];
  }

  #noteFailures(): void {
    const reason = this.#failures().join("; ");
    if (!this.#isRunning || reason === this.#logged) return;
    this.#logged = reason;
    if (reason === "") this.#log.info("consul works again");
    else this.#log.warn("consul fails", { reason });
  }
}
