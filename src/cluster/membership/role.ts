import { messageOf } from "../../platform/errors.ts";
import type { Term } from "../cluster.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { Role } from "../server-record.ts";
import { TERM_MAX } from "../wire.ts";
import type { Candidate } from "./rank.ts";

export interface RoleState {
  readonly self: Candidate;
  readonly role: Role;
  readonly hub: string | undefined;
  /** A worker through which this node reaches the hub, if it cannot dial the hub. */
  readonly via: string | undefined;
  readonly term: Term;
  /**
   * When it began to lead without having been named by a previous hub; undefined for other nodes.
   */
  readonly claimedMs: number | undefined;
  /** The hub is lost, and no other is followed yet. */
  readonly isSuspect: boolean;
}

/** Decides instead of the nodes: a store with a lease. */
export interface Arbiter {
  readonly mayFollow: (hub: string) => boolean;
}

/** The highest priority: above the range of `--priority`. */
const HUB_ROLE_PRIORITY = 1_000_000;
/** After this time, nodes that were started together have gathered. */
const FRESH_MS = 30_000;
/**
 * Terms are counted for people and logs and decide nothing; a peer's message raises this node's
 * term by at most this.
 */
const TERM_STEP_MAX = 1_000;

type RoleDeps = Pick<
  ClusterDeps,
  "clock" | "identity" | "settings" | "termStore" | "log" | "metrics"
>;

/** This node's role, and the only place where it changes. */
export class RoleKeeper {
  readonly #deps: RoleDeps;
  readonly #events: ClusterEvents;
  #state: RoleState;
  #arbiter: Arbiter | undefined;
  #isStopped = false;
  #isDecided = false;
  readonly #decided = Promise.withResolvers<void>();

  constructor(deps: RoleDeps, events: ClusterEvents) {
    this.#deps = deps;
    this.#events = events;
    const { identity, settings } = deps;
    this.#state = {
      self: {
        nodeId: identity.nodeId,
        priority: settings.role === "hub" ? HUB_ROLE_PRIORITY : settings.priority,
        mayClaim: settings.role !== "worker",
      },
      role: "discovering",
      hub: undefined,
      via: undefined,
      term: { counter: 0, node_id: identity.nodeId },
      claimedMs: undefined,
      isSuspect: false,
    };
  }

  get state(): RoleState {
    return this.#state;
  }

  get isHub(): boolean {
    return this.#state.role === "hub";
  }

  /** A worker whose hub answers. */
  get isSettled(): boolean {
    return this.#state.role === "worker" && !this.#state.isSuspect;
  }

  /**
   * It has just claimed, as others may have at the same time. Between two such hubs the rank
   * decides at once, since neither has long-standing followers.
   */
  get isFresh(): boolean {
    const { claimedMs } = this.#state;
    return claimedMs !== undefined && this.#deps.clock.monotonicMs() - claimedMs < FRESH_MS;
  }

  /** Resolves when the first role decision has been made. */
  get decided(): Promise<void> {
    return this.#decided.promise;
  }

  /** Loads the last term and starts to look for a hub. */
  async start(): Promise<void> {
    try {
      const term = await this.#deps.termStore.load();
      if (term) this.#state = { ...this.#state, term };
    } catch (error) {
      this.#deps.log.warn("the last term cannot be read", { reason: messageOf(error) });
    }
    this.discover();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Looks for a hub from the beginning. */
  discover(): void {
    this.#change({ role: "discovering", hub: undefined, via: undefined, isSuspect: false });
  }

  /** From now on an arbiter decides who leads: this node claims nothing by itself. */
  bindTo(arbiter: Arbiter): void {
    this.#arbiter = arbiter;
  }

  /** With an arbiter, it only gives up a lost hub, and waits for the next. */
  lead(): void {
    if (this.#arbiter === undefined) this.leadByLease();
    else if (this.#state.role === "worker") this.discover();
  }

  /** The arbiter has decided for this node, or there is none. */
  leadByLease(): void {
    const { self, term, role } = this.#state;
    if (!self.mayClaim || this.isHub) return;
    const counter = Math.min(TERM_MAX, term.counter + 1);
    const { nodeId } = self;
    this.#change({
      role: "hub",
      hub: nodeId,
      via: undefined,
      // A successor continues the seat of the hub that has named it.
      claimedMs: role === "discovering" ? this.#deps.clock.monotonicMs() : undefined,
      term: { counter, node_id: nodeId },
      isSuspect: false,
    });
  }

  follow(hub: string, said: Term, via?: string): void {
    if (hub === this.#state.self.nodeId) return;
    if (this.#arbiter?.mayFollow(hub) === false) return;
    this.#change({ role: "worker", hub, via, term: this.#adopted(said), isSuspect: false });
  }

  /** The hub sets its term. */
  noteTerm(said: Term): void {
    const term = this.#adopted(said);
    if (this.#state.role !== "worker" || term === this.#state.term) return;
    this.#state = { ...this.#state, term };
    void this.#keepTerm(term);
  }

  suspect(isSuspect: boolean): void {
    if (this.#state.role !== "worker") return;
    this.#state = { ...this.#state, isSuspect };
  }

  /** Never leads again; gives up the lead if it has it. */
  bar(): void {
    this.#state = { ...this.#state, self: { ...this.#state.self, mayClaim: false } };
    if (this.isHub) this.discover();
  }

  #adopted(said: Term): Term {
    const { term } = this.#state;
    const counter = Math.min(said.counter, term.counter + TERM_STEP_MAX, TERM_MAX);
    return counter > term.counter ? { counter, node_id: said.node_id } : term;
  }

  #change(change: Partial<RoleState>): void {
    if (this.#isStopped) return;
    const before = this.#state;
    const claimedMs = change.role === "hub" ? before.claimedMs : undefined;
    const state = { ...before, claimedMs, ...change };
    this.#state = state;
    if (state.term !== before.term) void this.#keepTerm(state.term);
    if (state.role !== before.role || state.hub !== before.hub) this.#report(before);
    const { role, hub } = before;
    this.#events.emit({ kind: "role_changed", role: state.role, before: { role, hub } });
  }

  async #keepTerm(term: Term): Promise<void> {
    try {
      await this.#deps.termStore.save(term);
    } catch (error) {
      // A node with a full disk may still lead.
      this.#deps.log.warn("the term cannot be stored", { reason: messageOf(error) });
    }
  }

  #report(before: RoleState): void {
    const { role, hub, term } = this.#state;
    const { log, metrics } = this.#deps;
    for (const one of ["discovering", "hub", "worker"] as const) {
      metrics.set("tankd_role", one === role ? 1 : 0, { role: one });
    }
    metrics.set("tankd_term", term.counter);
    metrics.count("tankd_role_changes_total", { role });
    const fields = { role, hub: hub ?? null, term: term.counter };
    if (role !== "discovering" && !this.#isDecided) {
      this.#isDecided = true;
      log.info("role decided", fields);
      this.#decided.resolve();
    } else {
      log.info("role changed", { ...fields, from: before.role });
    }
  }
}
