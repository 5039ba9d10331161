import type { Address, Nomination } from "../../discovery/backend.ts";
import { REMEMBERED } from "../../discovery/remembered-backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Role } from "../server-record.ts";
import type { HubHint } from "../wire.ts";
import { Backoff, type Dialer } from "./dialer.ts";
import type { NamedPlace } from "./explain-places.ts";
import type { ForeignClusters } from "./foreign-clusters.ts";
import type { GivenHubs } from "./given-hubs.ts";
import type { DialResult } from "./meeting.ts";
import { type EmptyPlace, Places } from "./places.ts";

export interface NominationsDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "bootId" | "settings" | "clock" | "timers" | "log">;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly dialer: Pick<Dialer, "dial" | "dialAt" | "confirm">;
  readonly given: GivenHubs;
  readonly foreign: ForeignClusters;
  readonly policy: () => DialPolicy;
  readonly isOwn: (address: Address) => boolean;
  readonly isLeaving: () => boolean;
  /** This node's role, and whether its hub answers. */
  readonly position: () => { readonly role: Role; readonly isSettled: boolean };
}

/** The nominator of this node's own list of servers: these were known, not discovered. */
export const LISTED = "registry";
/** The nominator of other nodes: they have met it, so this node has not discovered it. */
export const HINT = "peer";
/**
 * Interval at which a registrant that cannot be dialled is tried again at its heartbeats; doubled.
 */
const CONFIRM_MIN_MS = 2_000;
const CONFIRM_MAX_MS = 60_000;
/** An online node that was heard within this time is not dialled to check it. */
const RECENT_MS = 10_000;

/**
 * Nominations by backends and peers. Each is recorded in the table. A node is dialled only if that
 * can change something: by a node without a hub the one that {@link decideGathering} chooses, by a
 * hub another hub, by a worker none. So a network of N nodes costs N handshakes, not N².
 */
export class Nominations {
  readonly #with: NominationsDeps;
  readonly #places: Places;
  /** Hubs that others have named to a settled worker, to be passed on to its own hub. */
  readonly #hints = new BoundedMap<string, HubHint>(LIMITS.addressesPerServerMax);
  readonly #confirms = new Backoff(CONFIRM_MIN_MS, CONFIRM_MAX_MS);
  #stopped = false;

  constructor(withDeps: NominationsDeps) {
    this.#with = withDeps;
    this.#places = new Places(withDeps);
  }

  stop(): void {
    this.#stopped = true;
    this.#places.stop();
  }

  nominate(nomination: Nomination): void {
    const { deps, isLeaving, foreign } = this.#with;
    if (this.#stopped || isLeaving() || nomination.addresses.length === 0) return;
    const { cluster = deps.settings.cluster } = nomination;
    if (cluster !== deps.settings.cluster) foreign.note(cluster, nomination);
    else if (nomination.nodeId === undefined) this.#nominatePlace(nomination);
    else if (nomination.nodeId === deps.identity.nodeId) this.#nominateOwn(nomination);
    else this.#nominateNode(nomination, nomination.nodeId);
  }

  /**
   * A node has registered, or somebody names one: whether it can be dialled decides its possible
   * roles. `source` is the IP that says so; undefined for the operator, who may name any address.
   */
  confirm(nodeId: string, addresses: readonly Address[], source: string | undefined): void {
    const { table, dialer, policy, deps } = this.#with;
    if (this.#stopped || addresses.length === 0) return;
    if (source === undefined) {
      void dialer.dialAt(addresses, { trusted: true });
      return;
    }
    const allowed = dialable(addresses, policy(), source);
    if (allowed.length === 0 || !table.ensure(nodeId, source)) return;
    table.addAddresses(nodeId, allowed, HINT);
    const nowMs = deps.clock.monotonicMs();
    if (!this.#confirms.isDue(nodeId, nowMs)) return;
    this.#confirms.note(nodeId, nowMs);
    // After a hello its description is already known.
    const peer = table.get(nodeId);
    if (peer?.described) void dialer.confirm(nodeId);
    else void dialer.dial(nodeId);
  }

  /** Takes the hubs that were named since the last call, for the followed hub. */
  takeHints(except: string): HubHint[] {
    const hints = [...this.#hints.values()].filter(({ node_id }) => node_id !== except);
    this.#hints.clear();
    return hints;
  }

  /** Names of the backends through which a node and this one have found each other. */
  discoveredBy(nodeId: string): readonly string[] {
    const { table, given } = this.#with;
    const peer = table.get(nodeId);
    const names = new Set(peer?.nominatedBy ?? []);
    for (const name of this.#places.backendsOf(nodeId)) names.add(name);
    // One of the two was given the other's URL.
    if (given.includes(nodeId) || peer?.described?.defersToUs) names.add("hub");
    for (const hearsay of [LISTED, HINT]) names.delete(hearsay);
    // A node that a backend sees now need not be remembered.
    if (names.size > 1) names.delete(REMEMBERED);
    return [...names].sort();
  }

  /** Places without a node id where nothing answers, except hubs given by URL. */
  emptyPlaces(): readonly EmptyPlace[] {
    return this.#places.empty();
  }

  /** Places that are named at present, whether or not anything answers there. */
  namedPlaces(): readonly NamedPlace[] {
    return this.#places.named();
  }

  /** Dials a given hub now, regardless of earlier failures. */
  dialGiven(address: Address): Promise<DialResult> {
    return this.#places.dial(
      this.#places.name({ backend: "hub", addresses: [address], isTrusted: true }),
    );
  }

  #nominatePlace(nomination: Nomination): void {
    const place = this.#places.name(nomination);
    if (!this.#places.isWorthDialling(place)) return;
    const isNeeded = place.isHub && !this.#with.position().isSettled;
    if (!isNeeded && this.#isThere(place.nodeId)) return;
    void this.#places.dial(place);
  }

  /** This node's own id with other addresses or in another start may be a copy of this node. */
  #nominateOwn({ addresses, bootId }: Nomination): void {
    const { deps, isOwn, policy, dialer } = this.#with;
    if (bootId === deps.bootId || addresses.every(isOwn)) return;
    const elsewhere = dialable(addresses, policy()).filter((one) => !isOwn(one));
    if (elsewhere.length > 0) void dialer.dialAt(elsewhere, { trusted: false });
  }

  #nominateNode(nomination: Nomination, nodeId: string): void {
    const { table, policy, dialer, position, deps } = this.#with;
    const { backend, source, role, priority, bootId } = nomination;
    const addresses = dialable(nomination.addresses, policy(), source);
    const before = table.get(nodeId);
    if (addresses.length === 0 || !table.ensure(nodeId, source)) return;
    table.addAddresses(nodeId, addresses, backend);
    const nominatedBy = new Set([...(before?.nominatedBy ?? []), backend]);
    if (backend === REMEMBERED) {
      // Nobody has seen it: it counts from its first answer on, and nothing waits for it until
      // then.
      table.update(nodeId, { nominatedBy });
      if (before?.confirmedMs === undefined) void dialer.dial(nodeId, { unsure: true });
      return;
    }
    const atMs = deps.clock.monotonicMs();
    const firstMs = before?.sighting?.firstMs ?? atMs;
    const sighting = { role, priority, bootId, firstMs, atMs };
    const peer = table.update(nodeId, { sighting, nominatedBy });
    if (!peer) return;
    const { role: own, isSettled } = position();
    this.#with.events.emit({ kind: "sighted", nodeId, addresses });
    if (own === "discovering" && !isNewBoot(before, bootId)) return;
    if (own === "worker" && isSettled) {
      if (role === "hub") this.#hint(peer);
      else if (isNewBoot(before, bootId) && backend !== HINT) void dialer.dial(nodeId);
    } else if (isNewBoot(before, bootId) || (mayLead(role) && !this.#isThere(nodeId))) {
      void dialer.dial(nodeId);
    }
  }

  #hint({ id, addresses }: Peer): void {
    const plain = addresses.map(({ host, port }) => ({ host, port }));
    this.#hints.set(id, { node_id: id, addresses: plain });
  }

  /**
   * Whether it follows or leads this node and was heard a moment ago, or the hub lists it as
   * online.
   */
  #isThere(nodeId: string | undefined): boolean {
    const { table, deps, position } = this.#with;
    const entry = nodeId === undefined ? undefined : table.get(nodeId)?.registration;
    if (entry?.status !== "online") return false;
    // Otherwise each of N nodes would repeat the handshake with all others.
    if (position().isSettled) return true;
    return entry.toldBy === undefined && deps.clock.monotonicMs() - entry.lastSeenMs < RECENT_MS;
  }
}

/** A backend that does not report roles may have named a hub. */
function mayLead(role: Role | undefined): boolean {
  return role === "hub" || role === undefined;
}

/**
 * A start of the node that has not communicated with this one: one dial tells whether it is a copy.
 */
function isNewBoot(peer: Peer | undefined, bootId: string | undefined): boolean {
  return bootId !== undefined && peer?.boot !== undefined && peer.boot.contact.bootId !== bootId;
}
