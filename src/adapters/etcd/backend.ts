import type { Announcement, DiscoveryBackend, Nomination } from "../../discovery/backend.ts";
import { hintsWithAddresses } from "../../discovery/hints.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { clusterPrefix, type EtcdAccess } from "./access.ts";
import { EtcdClient } from "./client.ts";
import { nominationOf } from "./nomination.ts";
import { KEEP_MS, Presence } from "./presence.ts";
import { type Round, Rounds } from "./rounds.ts";
import { type Entry, EtcdStore } from "./store.ts";
import { watchOnce } from "./watching.ts";

export interface EtcdBackendDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly access: EtcdAccess;
}

/** A restarted etcd is back within seconds; an absent one is tried four times a minute. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;
const WATCH_AGAIN_MS = 1_000;
/** A write takes seconds if the disk of a small machine is busy. */
const ATTEMPT_MS = 5_000;

/**
 * Discovery by keys of etcd: each node has one under `/tankd/<cluster>/nodes/`, which is removed
 * when the node ends, and watches those of the others.
 */
export class EtcdBackend implements DiscoveryBackend {
  readonly name = "etcd";
  readonly #deps: EtcdBackendDeps;
  readonly #store: EtcdStore;
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  #presence: Presence | undefined;
  #announcing: Rounds | undefined;
  #following: Rounds | undefined;
  /** The first revision that was not seen yet. */
  #unseen = 0n;
  /** What does not work at present, each in one line. */
  readonly #problems = new Map<"announcing" | "following", string>();

  constructor(deps: EtcdBackendDeps) {
    this.#deps = deps;
    this.#store = new EtcdStore(new EtcdClient(deps.access, ATTEMPT_MS));
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    this.#announcement = announcement;
    this.#nominate = nominate;
    this.#unseen = 0n;
    this.#presence = new Presence(this.#store, this.#prefix() + announcement.nodeId);
    this.#announcing = this.#rounds("announcing", (round) => this.#announce(round));
    this.#following = this.#rounds("following", (round) => this.#follow(round));
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    this.#announcing?.wake();
  }

  refresh(): void {
    this.#unseen = 0n;
    this.#following?.wake();
  }

  describe(): string {
    const [problem] = this.#problems.values();
    return problem ?? `at ${this.#store.origin}`;
  }

  isWorking(): boolean {
    return this.#problems.size === 0;
  }

  async stop(): Promise<void> {
    this.#nominate = () => {};
    this.#announcing?.stop();
    this.#following?.stop();
    this.#problems.clear();
    await this.#presence?.withdraw();
  }

  #prefix(): string {
    return `${clusterPrefix(this.#announcement?.cluster ?? "")}nodes/`;
  }

  #rounds(kind: "announcing" | "following", round: (round: Round) => Promise<number>): Rounds {
    const rounds = new Rounds({
      timers: this.#deps.timers,
      retryMinMs: RETRY_MIN_MS,
      retryMaxMs: RETRY_MAX_MS,
      onProblem: (problem) => this.#note(kind, problem),
      round,
    });
    rounds.start();
    return rounds;
  }

  /** Logged once, and once more when it is over. */
  #note(kind: "announcing" | "following", problem: string | undefined): void {
    const { log } = this.#deps;
    const wasWorking = this.isWorking();
    if (problem === undefined) this.#problems.delete(kind);
    else this.#problems.set(kind, problem);
    if (wasWorking) log.warn("etcd cannot be used", { reason: problem });
    else if (this.isWorking()) log.info("etcd can be used again", { at: this.#store.origin });
  }

  async #announce({ stopped }: Round): Promise<number> {
    const announcement = this.#announcement;
    // Without addresses it does not announce itself.
    if (announcement === undefined || announcement.addresses.length === 0) {
      await this.#presence?.withdraw();
    } else {
      await this.#presence?.keep(JSON.stringify(hintsWithAddresses(announcement)), stopped);
    }
    return KEEP_MS;
  }

  /** Reads what is new, then watches for more. */
  async #follow({ stopped, woken, works }: Round): Promise<number> {
    const range = { prefix: this.#prefix() };
    const since = this.#unseen;
    const { entries, revision } = await this.#store.read(range, since, stopped);
    this.#nominateAll(entries);
    works();
    const isRefreshed = this.#unseen !== since;
    // If the revision goes back, etcd was set up anew: everything is new.
    const isOther = revision + 1n < since;
    if (isRefreshed || isOther) {
      this.#unseen = 0n;
      return 0;
    }
    this.#unseen = revision + 1n;
    const watched = { timers: this.#deps.timers, store: this.#store };
    // A watch ends with its member. The next read tells whether other members answer.
    return watchOnce(watched, range, this.#unseen, woken, (changed) =>
      this.#nominateAll(changed),
    ).catch(() => WATCH_AGAIN_MS);
  }

  #nominateAll(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const nomination = nominationOf(entry);
      if (nomination && !this.#isOwn(nomination)) this.#nominate(nomination);
    }
  }

  /** A key of this very start: another start with this node's id would be a copy of this node. */
  #isOwn({ nodeId, bootId }: Nomination): boolean {
    const own = this.#announcement;
    return nodeId === own?.nodeId && bootId === own?.bootId;
  }
}
