import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ClusterDeps } from "../deps.ts";
import { isDialable } from "../peers/peer.ts";
import type { NodeDocument } from "../wire.ts";
import { Candidacy, type CandidacyDeps } from "./candidacy.ts";
import { isBefore } from "./certainty.ts";
import type { HubLease, LeaseState } from "./lease.ts";
import type { RoleKeeper } from "./role.ts";

export interface LeaseKeeperDeps extends CandidacyDeps {
  readonly deps: CandidacyDeps["deps"] & Pick<ClusterDeps, "timers">;
  readonly role: RoleKeeper;
}

/** A node that was met and that uses another lease, or none. */
export interface Stranger {
  readonly nodeId: string;
  readonly lease: string | undefined;
}

/** The present state of a lease, for people. */
export interface LeaseView {
  readonly url: string;
  readonly state: LeaseState["kind"];
  /** The node that holds it, by the last answer of the store. */
  readonly holder: string | undefined;
  /** Whether this node, if it leads, may change the list. */
  readonly isValid: boolean;
  readonly reason: string | undefined;
  /** Why this node leaves it to others; undefined if it does not. */
  readonly abstention: string | undefined;
  /** A node that was met recently and uses another lease, or none: it follows another hub. */
  readonly stranger: Stranger | undefined;
}

/** Backends name a hub that is not followed every few minutes, and then it is met again. */
const STRANGER_FRESH_MS = 300_000;
/**
 * Interval at which this node decides who should hold it; a holder that was not met yet is dialled
 * as well.
 */
const LOOK_MS = 1_000;

/**
 * Lets the store decide who is hub (`--lease`): the holder of the lease leads, and all others
 * follow only that node. A hub whose lease has ended, or is not known to be renewed, serves reads
 * only.
 */
export class LeaseKeeper {
  readonly #with: LeaseKeeperDeps;
  readonly #lease: HubLease;
  readonly #candidacy: Candidacy;
  #state: LeaseState = { kind: "unknown", reason: "the store has not been asked yet" };
  #holder: string | undefined;
  #isRunning = false;
  #isAway = false;
  #isWanted = false;
  /** The most recent last. */
  readonly #strangers = new BoundedMap<string, Stranger & { readonly metMs: number }>(
    LIMITS.peersMax,
  );

  constructor(withDeps: LeaseKeeperDeps, lease: HubLease) {
    this.#with = withDeps;
    this.#lease = lease;
    this.#candidacy = new Candidacy(withDeps, lease.url);
    const { role, events } = withDeps;
    role.bindTo({ mayFollow: (hub) => this.#mayFollow(hub) });
    events.on("met", ({ meeting }) => {
      this.#compare(meeting.document);
      if (this.#mayReplace(meeting.document)) this.#follow(meeting.document.node_id);
    });
    events.on("role_changed", () => this.#decide());
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#candidacy.recall();
    if (!this.#isRunning) return;
    this.#lease.start(this.#with.deps.identity.nodeId, (state) => this.#hear(state));
    this.#look();
  }

  /** This node leaves its cluster: it neither holds the lease nor follows its holder. */
  leave(): void {
    this.#isAway = true;
    this.#want();
  }

  /** This node belongs to its cluster again. */
  join(): void {
    this.#isAway = false;
    this.#want();
    this.#decide();
  }

  /** Gives the lease back, so that others need not wait for its end. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    await this.#lease.stop();
  }

  /** Whether a hub may change what the cluster relies on. */
  get isValid(): boolean {
    // A lease that was given back may belong to another node before the store reports that.
    if (this.#state.kind !== "held" || !this.#isWanted) return false;
    return isBefore(this.#state.until, this.#with.deps.clock);
  }

  /** @throws Problem `lease_lost` */
  refuseWithoutLease(): void {
    if (this.isValid) return;
    throw new Problem(
      "lease_lost",
      `This hub serves reads only: it does not know that it still holds ${this.#lease.url}.`,
    );
  }

  get view(): LeaseView {
    const { kind } = this.#state;
    const mayAsk = this.#with.role.state.self.mayClaim && !this.#isAway;
    return {
      url: this.#lease.url,
      state: kind,
      holder: this.#holder,
      isValid: this.isValid,
      reason: this.#state.kind === "unknown" ? this.#state.reason : undefined,
      stranger: this.#stranger(),
      abstention: mayAsk && !this.#isWanted ? this.#candidacy.abstention : undefined,
    };
  }

  #hear(state: LeaseState): void {
    if (!this.#isRunning) return;
    const before = this.#state;
    this.#state = state;
    if (state.kind === "held") this.#holder = this.#with.deps.identity.nodeId;
    else if (state.kind === "taken") this.#holder = state.holder;
    else if (state.kind === "free") this.#holder = undefined;
    if (before.kind !== state.kind) this.#report(state);
    this.#decide();
  }

  /** A node that may lead acquires the lease, if others could follow it. */
  #want(): void {
    if (!this.#isRunning) return;
    const { role } = this.#with;
    const isCandidate = this.#candidacy.judge(this.#state.kind, role.isHub);
    this.#isWanted = isCandidate && role.state.self.mayClaim && !this.#isAway;
    this.#lease.want(this.#isWanted);
  }

  /** Turns the state of the store into this node's role. */
  #decide(): void {
    const { role } = this.#with;
    const { kind } = this.#state;
    if (!this.#isRunning || this.#isAway) return;
    // A hub whose lease is free again stays, and serves reads only, until it or another has the
    // lease.
    if (kind === "held" && this.#isWanted) role.leadByLease();
    else if (kind === "taken" && this.#state.holder !== role.state.hub) {
      this.#turnTo(this.#state.holder);
    }
  }

  /** The holder is another node than the hub of this node, or than this node as hub. */
  #turnTo(holder: string): void {
    const { role } = this.#with;
    this.#follow(holder);
    if (role.state.hub !== holder && role.state.role !== "discovering") role.discover();
  }

  #follow(holder: string): void {
    const { role, table, dialer } = this.#with;
    const peer = table.get(holder);
    const standing = peer?.described?.document.standing;
    if (standing?.role !== "hub" || role.state.hub === holder) return;
    // It may be able to say hello to this node and still be unreachable.
    if (isDialable(peer) === false) void dialer.dial(holder);
    else role.follow(holder, standing.term);
  }

  /**
   * If the store does not say who holds the lease, a leading node may be the holder, unless it uses
   * another lease, or none.
   */
  #mayFollow(hub: string): boolean {
    if (this.#state.kind === "taken") return hub === this.#state.holder;
    const document = this.#with.table.get(hub)?.described?.document;
    const isOfOurs = document === undefined || document.lease === this.#lease.url;
    return this.#state.kind !== "held" && isOfOurs;
  }

  /**
   * Whether this hub replaces the present one: it holds the lease; or this node leads without one,
   * cannot ask the store, and the other became hub later.
   */
  #mayReplace({ node_id, standing, lease }: NodeDocument): boolean {
    const { role, table } = this.#with;
    if (this.#state.kind === "taken") return node_id === this.#state.holder;
    const isBlind = role.isHub && this.#state.kind === "unknown";
    const isLater = standing.term.counter > role.state.term.counter;
    return isBlind && isLater && lease === this.#lease.url && table.get(node_id)?.isMember === true;
  }

  #look(): void {
    if (!this.#isRunning) return;
    this.#want();
    this.#seek();
    this.#with.deps.timers.after(LOOK_MS, () => this.#look());
  }

  /** Asks the holder whether it leads, until it does. */
  #seek(): void {
    const { deps, role, dialer, table } = this.#with;
    const holder = this.#holder;
    const isOther = holder !== undefined && holder !== deps.identity.nodeId && !this.#isAway;
    if (!isOther || role.state.hub === holder || !table.get(holder)) return;
    void dialer.dial(holder);
  }

  /** Nodes that use different stores are different clusters, and neither notices by itself. */
  #compare({ node_id, lease }: NodeDocument): void {
    const isKnown = this.#strangers.has(node_id);
    this.#strangers.delete(node_id);
    if (lease === this.#lease.url) return;
    const metMs = this.#with.deps.clock.monotonicMs();
    this.#strangers.set(node_id, { nodeId: node_id, lease: lease ?? undefined, metMs });
    if (isKnown) return;
    const fields = { node_id, lease: lease ?? null, own_lease: this.#lease.url };
    this.#with.deps.log.warn("a node has another lease", fields);
  }

  #stranger(): Stranger | undefined {
    const sinceMs = this.#with.deps.clock.monotonicMs() - STRANGER_FRESH_MS;
    const last = [...this.#strangers.values()].at(-1);
    return last !== undefined && last.metMs >= sinceMs ? last : undefined;
  }

  #report(state: LeaseState): void {
    const { log } = this.#with.deps;
    const fields = { lease: this.#lease.url, holder: this.#holder ?? null };
    if (state.kind === "unknown")
      log.warn("the lease is not known", { ...fields, reason: state.reason });
    else log.info(`the lease is ${state.kind}`, fields);
  }
}
