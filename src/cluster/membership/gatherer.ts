import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import type { GivenHubs } from "../handshake/given-hubs.ts";
import { isDialable, type Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { decideGathering, type Sighting } from "./gathering.ts";
import type { RoleKeeper } from "./role.ts";

export interface GathererDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly dialer: Dialer;
  readonly given: GivenHubs;
}

const TICK_MS = 100;
/** A tick with at most this delay is punctual. */
const PUNCTUAL_MS = 60;
/**
 * The window in which a starting node waits for others, in ticks, and its random part. A late tick
 * counts for less: if many nodes start on one machine, silence means that it is busy, not that
 * nobody is there.
 */
const WINDOW_TICKS = 8;
const WINDOW_JITTER_TICKS = 3;
/** After its own window a node waits this long for a better one to claim. */
const PATIENCE_TICKS = 15;
/** On a machine that never keeps up, the node decides after this time. */
const WINDOW_MAX_MS = 15_000;
const PATIENCE_MAX_MS = 25_000;
/** A hub that was given by URL may be starting itself. */
const GIVEN_HUB_WAIT_MS = 15_000;
/** How long a peer's role without a hub is current: a window and the longest mDNS delay. */
const FRESH_MS = 4_000;
/** A backend's report may be older: nodes do not repeat announcements without need. */
const SIGHTING_FRESH_MS = 20_000;
/** A node that has answered is followed without another handshake when it leads. */
const REACHED_FRESH_MS = 15_000;
/** A node that has not answered for this many ticks is skipped in favour of the next best. */
const DIAL_PATIENCE_TICKS = 6;
/** A node whose machine accepts connections exists and is waited for; but its program may hang. */
const BUSY_PATIENCE_TICKS = 40;
/** A node that did not answer is tried again after this time. */
const FAILED_MS = 5_000;

/** Looks for a hub while there is none: asks {@link decideGathering} and executes the decision. */
export class Gatherer {
  readonly #with: GathererDeps;
  #cancel: Cancel = () => {};
  #isRunning = false;
  #startedMs = 0;
  #dueMs = 0;
  #ticks = 0;
  #windowTicks = WINDOW_TICKS;
  /** The tick in which each node was first seen in this search. */
  readonly #firstSeen = new Map<string, number>();
  /** The tick in which each node was first dialled in this search. */
  readonly #firstDialled = new Map<string, number>();
  /** Dials in progress, with the tick in which they began. */
  readonly #dialling = new Map<string, number>();

  constructor(withDeps: GathererDeps) {
    this.#with = withDeps;
    const { events, role } = withDeps;
    events.on("role_changed", (event) => {
      if (event.role === "discovering") this.#start();
      else this.stop();
    });
    const decideNow = () => {
      if (this.#isRunning && role.state.role === "discovering") this.#decide();
    };
    events.on("met", decideNow);
    // Nodes that also gather are taken into account by each tick; only a hub needs no waiting.
    events.on("sighted", ({ nodeId }) => {
      const role = withDeps.table.get(nodeId)?.sighting?.role;
      if (role !== "discovering") decideNow();
    });
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel();
  }

  #start(): void {
    const { random, clock } = this.#with.deps;
    this.#windowTicks = WINDOW_TICKS + Math.round(random.unit() * WINDOW_JITTER_TICKS);
    this.#startedMs = clock.monotonicMs();
    this.#ticks = 0;
    this.#firstSeen.clear();
    this.#firstDialled.clear();
    for (const nodeId of this.#dialling.keys()) this.#dialling.set(nodeId, 0);
    this.#isRunning = true;
    this.#cancel();
    this.#schedule();
  }

  #schedule(): void {
    const { clock, timers } = this.#with.deps;
    this.#dueMs = clock.monotonicMs() + TICK_MS;
    this.#cancel = timers.after(TICK_MS, () => {
      if (this.#with.role.state.role !== "discovering") return;
      const lateMs = clock.monotonicMs() - this.#dueMs;
      this.#ticks += lateMs <= PUNCTUAL_MS ? 1 : TICK_MS / (TICK_MS + lateMs);
      this.#schedule();
      this.#decide();
    });
  }

  #decide(): void {
    const { deps, role, given, table } = this.#with;
    const elapsedMs = deps.clock.monotonicMs() - this.#startedMs;
    const decision = decideGathering({
      self: role.state.self,
      windowOver: this.#ticks >= this.#windowTicks || elapsedMs > WINDOW_MAX_MS,
      patienceOver:
        this.#ticks >= this.#windowTicks + PATIENCE_TICKS || elapsedMs > PATIENCE_MAX_MS,
      awaitsGivenHub: given.isAwaited() && elapsedMs < GIVEN_HUB_WAIT_MS,
      sightings: this.#sightings(),
      hubsOver: elapsedMs > PATIENCE_MAX_MS,
    });
    switch (decision.kind) {
      case "wait":
        return;
      case "claim":
        role.lead();
        return;
      case "dial":
        for (const nodeId of decision.nodeIds) this.#dial(nodeId);
        return;
      case "follow": {
        const term = table.get(decision.nodeId)?.described?.document.standing.term;
        role.follow(decision.nodeId, term ?? role.state.term, decision.via);
        return;
      }
    }
  }

  #dial(nodeId: string): void {
    const { dialer } = this.#with;
    if (this.#dialling.has(nodeId)) return;
    this.#dialling.set(nodeId, this.#ticks);
    if (!this.#firstDialled.has(nodeId)) this.#firstDialled.set(nodeId, this.#ticks);
    void dialer.dial(nodeId).finally(() => this.#dialling.delete(nodeId));
  }

  #sightings(): readonly Sighting[] {
    const nowMs = this.#with.deps.clock.monotonicMs();
    const sightings: Sighting[] = [];
    for (const peer of this.#with.table.all()) {
      const sighting = this.#sightingOf(peer, nowMs);
      if (sighting) sightings.push(sighting);
    }
    return sightings;
  }

  #sightingOf(peer: Peer, nowMs: number): Sighting | undefined {
    const { described, sighting, dialled } = peer;
    const spoke = described && nowMs - described.atMs < FRESH_MS ? described : undefined;
    const seen = sighting && nowMs - sighting.atMs < SIGHTING_FRESH_MS ? sighting : undefined;
    // A stranger may be dialled, but a node with a secret does not follow it.
    if ((!spoke && !seen) || (described && !peer.isMember)) return undefined;
    if (!this.#firstSeen.has(peer.id)) this.#firstSeen.set(peer.id, this.#ticks);
    const standing = spoke?.document.standing;
    const seenLater = seen && (!spoke || seen.atMs > spoke.atMs);
    const ageMs = dialled ? nowMs - dialled.startedMs : Number.POSITIVE_INFINITY;
    return {
      nodeId: peer.id,
      // Without a report it is assumed to be as good as this node: it is dialled, and answers.
      priority: standing?.priority ?? seen?.priority ?? this.#with.role.state.self.priority,
      mayClaim: standing?.may_claim ?? true,
      role: (seenLater ? seen.role : undefined) ?? standing?.role ?? "discovering",
      hub: standing?.role === "worker" ? standing.hub?.node_id : undefined,
      isDeaf: standing?.deaf ?? false,
      reached: isDialable(peer) === true && ageMs < REACHED_FRESH_MS,
      isHearsay: spoke === undefined && seen?.role === undefined,
      isOverdue: this.#isOverdue(peer.id, nowMs),
      failed: (isDialable(peer) === false && ageMs < FAILED_MS) || this.#isSlow(peer),
      defersToUs: spoke?.defersToUs ?? false,
      weDefer: spoke?.weDefer ?? false,
    };
  }

  #isOverdue(nodeId: string, nowMs: number): boolean {
    const firstSeen = this.#firstSeen.get(nodeId) ?? this.#ticks;
    const isLate = this.#ticks - firstSeen >= this.#windowTicks + PATIENCE_TICKS;
    return isLate || nowMs - this.#startedMs > PATIENCE_MAX_MS;
  }

  #isSlow({ id, dialled }: Peer): boolean {
    const isBusy = dialled?.outcome === "busy";
    const begun = isBusy ? this.#firstDialled.get(id) : this.#dialling.get(id);
    const patience = isBusy ? BUSY_PATIENCE_TICKS : DIAL_PATIENCE_TICKS;
    return begun !== undefined && this.#ticks - begun > patience;
  }
}
