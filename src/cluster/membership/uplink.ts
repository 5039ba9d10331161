import type { Address } from "../../discovery/backend.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import type { Nominations } from "../handshake/nominations.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { isReady } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { HubRegistration } from "../registry/registration.ts";
import type { Registry } from "../registry/registry.ts";
import type { PingReply, RegistryPosition, StandingWire } from "../wire.ts";
import { FollowWord } from "./follow-word.ts";
import { Heartbeat } from "./heartbeat.ts";
import { HubMoves } from "./hub-moves.ts";
import { LossReports } from "./loss-reports.ts";
import type { PingContent, Pinger, Pong } from "./pinger.ts";
import type { RoleKeeper } from "./role.ts";
import { calmPingMs } from "./suspicion.ts";

export interface UplinkDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly pinger: Pinger;
  readonly dialer: Dialer;
  readonly registry: Registry;
  readonly registration: HubRegistration;
  readonly nominations: Nominations;
  /** The addresses at which this node announces that it can be reached, best first. */
  readonly addresses: () => readonly Address[];
  readonly policy: () => DialPolicy;
  /** The delay of this node's timers, milliseconds. */
  readonly lagMs: () => number;
}

const NOWHERE: RegistryPosition = { of: null, version: 0 };
/** A hub that has just yielded needs a moment to reach the other one. */
const DEAF_MAX_MS = 4_000;
/**
 * Workers shake hands with a new successor at a random moment within this time, not all at once.
 */
const SUCCESSOR_SPREAD_MS = 2_000;

/**
 * A worker's connection to its hub: pings, registration, the copy of the registry. If the hub now
 * follows another one, that one is dialled. Until it has answered the connection continues through
 * the old hub, which passes everything on: a yield is not a takeover.
 */
export class Uplink {
  readonly #with: UplinkDeps;
  readonly #heartbeat: Heartbeat;
  #position = NOWHERE;
  /** The target leads, by its last answer. */
  #isDirect = false;
  /** Since when the target neither leads nor hears its hub. */
  #deafSinceMs: number | undefined;
  #successors: readonly string[] = [];
  readonly #moves: HubMoves;
  readonly #word: FollowWord;
  readonly #reports: LossReports;

  constructor(withDeps: UplinkDeps) {
    this.#with = withDeps;
    const { deps, pinger, events, registration } = withDeps;
    this.#word = new FollowWord(withDeps);
    this.#reports = new LossReports(deps.clock);
    this.#moves = new HubMoves({
      ...withDeps,
      onMoved: (hub) => {
        if (hub === this.#heartbeat.target) this.#heartbeat.pingElsewhere();
      },
      onReferred: (from, hub, { role, term }) => {
        if (this.#heartbeat.target !== from) return false;
        if (role === "hub") withDeps.role.follow(hub, term);
        return true;
      },
    });
    this.#heartbeat = new Heartbeat({
      deps,
      pinger,
      lagMs: withDeps.lagMs,
      calmMs: () => calmPingMs(this.#isDirect ? withDeps.registry.entries().length : 0),
      content: (target) => this.#content(target),
      rttMs: (target) => withDeps.table.get(target)?.rttsMs.at(-1),
      onReply: (target, pong) => this.#hear(target, pong),
      onSilence: (target, refuses) => this.#loseThrough(target, { left: false, refuses }),
    });
    events.on("role_changed", ({ role, before }) => {
      const { hub, via } = withDeps.role.state;
      if (role === "worker" && hub !== undefined) this.#follow(hub, via);
      else if (before.role === "worker") this.release();
    });
    // The hub may have moved, and its own announcement may have been lost.
    events.on("sighted", ({ nodeId, addresses }) => {
      if (nodeId === this.#heartbeat.target) this.#moves.noteSighted(nodeId, addresses);
    });
    events.on("self_changed", () => {
      if (withDeps.role.state.role === "worker") registration.now();
    });
  }

  /** Boot id of the node whose registry is copied; undefined while it is silent. */
  get vouching(): string | undefined {
    return this.#with.role.isSettled ? (this.#position.of ?? undefined) : undefined;
  }

  get lagMs(): number {
    return this.#heartbeat.lagMs;
  }

  /** The hub itself has answered the last ping. */
  get hearsHub(): boolean {
    return this.#with.role.isSettled && this.#deafSinceMs === undefined && this.#isDirect;
  }

  /** The nodes that the hub has named to take over from it, best first. */
  get successors(): readonly string[] {
    return this.#successors;
  }

  /** Whether the list of the hub was received once as a whole. */
  get hasWholeCopy(): boolean {
    return this.#position.of !== null;
  }

  release(): void {
    this.#heartbeat.release();
    this.#with.registration.release();
    this.#position = NOWHERE;
    this.#isDirect = false;
    this.#deafSinceMs = undefined;
    this.#successors = [];
  }

  hasLost(hub: string): boolean | null {
    return this.#heartbeat.hasLost(hub);
  }

  /** Another worker has lost the hub: recorded, and the hub is pinged at once. */
  noteReport(nodeId: string, hub: string): void {
    const entry = this.#with.registry.get(nodeId);
    if (!entry?.record.member) return;
    this.#reports.note(nodeId, hub);
    if (hub === this.#heartbeat.target) this.#heartbeat.pingNow();
  }

  /** Workers that have reported the loss of this hub within the last `withinMs` milliseconds. */
  reportersOf(hub: string, withinMs: number): readonly string[] {
    return this.#reports.of(hub, withinMs);
  }

  /** The hub has announced that it leaves. */
  dismiss(hub: string): void {
    if (hub !== this.#with.role.state.hub) return;
    this.#with.registry.remove(hub);
    this.#lose({ hub, left: true, refuses: false });
  }

  /** A node announces that it leads: followed at once if the lost hub has named it to take over. */
  noteLead(nodeId: string): boolean {
    const { role, table } = this.#with;
    if (!this.#successors.includes(nodeId)) return false;
    // It has lost the hub, and this node has not noticed yet.
    if (!role.state.isSuspect) this.#heartbeat.pingNow();
    if (!role.state.isSuspect || !isReady(table.get(nodeId))) return false;
    role.follow(nodeId, role.state.term);
    return true;
  }

  /** The hub has moved: its new addresses are tried first, and at once. */
  noteMoved(hub: string, addresses: readonly Address[]): boolean {
    if (hub !== this.#with.role.state.hub || addresses.length === 0) return false;
    this.#with.table.replaceAddresses(hub, addresses);
    if (hub === this.#heartbeat.target) this.#heartbeat.pingElsewhere();
    return true;
  }

  /** It may answer at another address: all its addresses are dialled, then it is pinged. */
  async redial(hub: string): Promise<void> {
    const { kind } = await this.#with.dialer.dial(hub);
    if (kind === "met" && hub === this.#heartbeat.target) this.#heartbeat.pingElsewhere();
  }

  #follow(hub: string, via: string | undefined): void {
    const target = via ?? hub;
    this.release();
    // A hub was followed because it has answered; a worker's first answer tells whether it hears
    // the hub.
    this.#isDirect = via === undefined;
    this.#deafSinceMs = via === undefined ? undefined : Number.NEGATIVE_INFINITY;
    this.#word.reset();
    this.#heartbeat.watch(target);
    this.#with.registration.follow(target);
  }

  #content(target: string): PingContent {
    const follow = this.#word.next(target);
    return {
      registry: this.#position,
      lostHub: null,
      otherHubs: this.#with.nominations.takeHints(target),
      ...(follow === undefined ? {} : { follow }),
    };
  }

  #hear(target: string, { reply }: Pong): void {
    const { registry, role, events, registration } = this.#with;
    if (target !== this.#heartbeat.target) return;
    const { standing } = reply;
    this.#isDirect = standing.role === "hub";
    if (this.#isForlorn(reply)) {
      this.#loseThrough(target, { left: true, refuses: false });
      return;
    }
    if (role.state.isSuspect) {
      role.suspect(false);
      events.emit({ kind: "hub_heard", hub: target });
    }
    events.emit({ kind: "pinged", nodeId: target, dialable: reply.dialable });
    role.noteTerm(standing.term);
    registry.see(target);
    this.#copy(reply);
    this.#word.answered(reply.listed);
    this.#noteSuccessors(reply.successors);
    if (this.#isReplaced(target, standing)) return;
    // The old hub vouches for a new one. A worker that cannot reach the new one continues through
    // the old one.
    if (standing.role === "worker") this.#moves.noteReferral(target, standing.hub);
    else if (!reply.listed && registration.isRegistered) registration.now();
  }

  /**
   * Whether nobody leads there: the target looks for a hub itself, follows this node, or has not
   * heard its own for a while.
   */
  #isForlorn({ standing, hears_hub: hearsHub }: PingReply): boolean {
    if (standing.role === "discovering") return true;
    const followsUs = standing.hub?.node_id === this.#with.deps.identity.nodeId;
    if (hearsHub && !followsUs) this.#deafSinceMs = undefined;
    else this.#deafSinceMs ??= this.#nowMs();
    return this.#deafSinceMs !== undefined && this.#nowMs() - this.#deafSinceMs > DEAF_MAX_MS;
  }

  /** The worker through which the hub is followed leads now itself, or follows another one. */
  #isReplaced(target: string, { role, hub, term }: StandingWire): boolean {
    const { state } = this.#with.role;
    if (state.via !== target) return false;
    const next = role === "hub" ? target : hub?.node_id;
    if (next === undefined || next === state.hub) return false;
    this.#with.role.follow(next, term, next === target ? undefined : target);
    return true;
  }

  #copy({ registry: delta }: PingReply): void {
    if (!delta) return;
    const { of, version, more } = delta;
    // An answer to an older ping must not set the copy back.
    if (of === this.#position.of && version < this.#position.version) return;
    this.#with.registry.apply(delta);
    this.#position = { of, version };
    if (more) this.#heartbeat.pingNow();
  }

  #noteSuccessors(successors: readonly string[]): void {
    const { deps, table, dialer, registry } = this.#with;
    const { nodeId } = deps.identity;
    const added = successors.filter((one) => !this.#successors.includes(one) && one !== nodeId);
    this.#successors = successors;
    this.#heartbeat.setSuccessor(successors.includes(nodeId));
    for (const one of added) {
      const entry = registry.get(one);
      if (!entry) continue;
      table.addAddresses(one, dialable(entry.addresses, this.#with.policy()), "hub");
      // The two must know each other before a loss.
      const isAmong = successors.includes(nodeId);
      const delayMs = isAmong ? 0 : deps.random.unit() * SUCCESSOR_SPREAD_MS;
      deps.timers.after(delayMs, () => {
        const isNamed = this.#successors.includes(one);
        if (isNamed && table.get(one)?.described === undefined) void dialer.dial(one);
      });
    }
  }

  /** The loss of the worker through which the hub is followed says nothing about the hub. */
  #loseThrough(target: string, how: { readonly left: boolean; readonly refuses: boolean }): void {
    const { via, hub } = this.#with.role.state;
    if (via === target && hub !== undefined) this.#lose({ hub, left: false, refuses: false });
    else this.#lose({ hub: target, ...how });
  }

  #lose(loss: { readonly hub: string; readonly left: boolean; readonly refuses: boolean }): void {
    const { role, events, table } = this.#with;
    role.suspect(true);
    // The role in its hello no longer holds, and dialling it has failed: it is not followed again
    // because of that hello.
    const standing = table.get(loss.hub)?.described?.document.standing;
    const nowMs = this.#nowMs();
    if (standing) table.noteStanding(loss.hub, { ...standing, role: "discovering" }, nowMs);
    if (!loss.left) table.update(loss.hub, { dialled: { outcome: "failed", startedMs: nowMs } });
    events.emit({ kind: "hub_lost", ...loss });
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
