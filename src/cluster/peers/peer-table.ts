import { sourceKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { withoutZone } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { StandingWire } from "../wire.ts";
import type { DialTarget } from "./dial-policy.ts";
import { type KnownAddress, newPeer, type Peer, STANDINGS, type Standing } from "./peer.ts";

export interface PeerTableDeps {
  /** Fish are on their way to or from that node: it is not evicted. */
  readonly isEngaged: (nodeId: string) => boolean;
  /** Fish were exchanged with it before. */
  readonly hasExchanged: (nodeId: string) => boolean;
  /** Called after a peer was removed. */
  readonly onForgotten?: (peer: Peer) => void;
}

export type PeerChange = Partial<Omit<Peer, "id">>;

/** Round trips kept: with pings every 400 ms to 2 s, those of the last 6 to 30 s. */
const RTTS_KEPT = 16;

/**
 * The one table of what is known about other nodes. All parts of the cluster read and write it, so
 * a node that is removed from it is removed everywhere at once. Records are immutable and replaced
 * as a whole. Bounded: the least known peer is evicted, and of equals the one unchanged longest.
 */
export class PeerTable {
  readonly #deps: PeerTableDeps;
  /** In the order of their last change. */
  readonly #peers = new Map<string, Peer>();

  constructor(deps: PeerTableDeps) {
    this.#deps = deps;
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  /** In the order of their last change, the latest last. */
  all(): Iterable<Peer> {
    return this.#peers.values();
  }

  get size(): number {
    return this.#peers.size;
  }

  /**
   * The peer, created if it is new. Undefined if there is no room for a peer that is hardly known.
   */
  ensure(id: string, source?: string): Peer | undefined {
    const known = this.#peers.get(id);
    if (known) return known;
    if (!this.#makeRoom(source)) return undefined;
    const peer = newPeer(id, source);
    this.#peers.set(id, peer);
    return peer;
  }

  /** Changes an existing peer, and returns it. */
  update(id: string, change: PeerChange): Peer | undefined {
    const known = this.#peers.get(id);
    if (!known) return undefined;
    const peer = { ...known, ...change };
    this.#peers.delete(id);
    this.#peers.set(id, peer);
    return peer;
  }

  forget(id: string): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    this.#peers.delete(id);
    this.#deps.onForgotten?.(peer);
  }

  /** Adds addresses that somebody has named; those that have answered stay first. */
  addAddresses(id: string, addresses: readonly Address[], saidBy: string): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const named = addresses.map((one) => ({ ...placed(one), saidBy }));
    this.update(id, { addresses: mergeKnown(peer.addresses, named) });
  }

  /** The peer's key has answered there: it is tried first from now on. */
  noteWorked(id: string, target: DialTarget, nowMs: number): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const place = placed(target);
    const known = peer.addresses.find((one) => isSame(one, place));
    const { host, port, connectTo = known?.connectTo } = place;
    const worked: KnownAddress = {
      host,
      port,
      saidBy: known?.saidBy ?? "self",
      workedMs: nowMs,
      ...(connectTo === undefined ? {} : { connectTo }),
    };
    this.update(id, { addresses: mergeKnown([worked], peer.addresses), relay: undefined });
  }

  /** The peer announces its present addresses: any others are removed. */
  replaceAddresses(id: string, addresses: readonly Address[]): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const named = addresses.map((one): KnownAddress => {
      const place = placed(one);
      const known = peer.addresses.find((other) => isSame(place, other));
      return known ?? { ...place, saidBy: "self" };
    });
    this.update(id, { addresses: mergeKnown([], named) });
  }

  /** A proven answer about the peer's role: newer than its last hello. */
  noteStanding(id: string, standing: StandingWire, atMs: number): void {
    const described = this.#peers.get(id)?.described;
    if (!described) return;
    const document = { ...described.document, standing };
    this.update(id, { described: { ...described, document, atMs } });
  }

  noteRtt(id: string, rttMs: number): void {
    const peer = this.#peers.get(id);
    if (peer) this.update(id, { rttsMs: [...peer.rttsMs, rttMs].slice(-RTTS_KEPT) });
  }

  /** Its key has answered a dial, or fish were exchanged with it. */
  isConfirmed(peer: Peer): boolean {
    return STANDINGS.indexOf(this.standingOf(peer)) >= STANDINGS.indexOf("confirmed");
  }

  standingOf(peer: Peer): Standing {
    if (this.#deps.isEngaged(peer.id)) return "engaged";
    if (this.#deps.hasExchanged(peer.id)) return "exchanged";
    if (peer.confirmedMs !== undefined) return "confirmed";
    return peer.described || peer.registration ? "stranger" : "nominated";
  }

  /**
   * Unconfirmed peers of one address only fill its share; beyond that, the least known are evicted.
   */
  #makeRoom(source: string | undefined): boolean {
    if (source !== undefined && !this.#hasQuota(sourceKey(source))) return false;
    if (this.#peers.size < LIMITS.peersMax) return true;
    for (const standing of STANDINGS.slice(0, -1)) {
      for (const peer of this.#peers.values()) {
        if (this.standingOf(peer) !== standing) continue;
        this.forget(peer.id);
        return true;
      }
    }
    return false;
  }

  #hasQuota(source: string): boolean {
    let unconfirmed = 0;
    for (const peer of this.#peers.values()) {
      if (peer.confirmedMs !== undefined || peer.source === undefined) continue;
      if (sourceKey(peer.source) === source) unconfirmed++;
    }
    return unconfirmed < LIMITS.unconfirmedPeersPerSourceMax;
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/**
 * An address as stored and told to others: without its zone, which belongs to this machine, so it
 * is the same whoever names it. Connections use the zone.
 */
function placed({ host, port, connectTo }: DialTarget): DialTarget {
  const plain = withoutZone(host);
  const connect = plain === host ? connectTo : host;
  return { host: plain, port, ...(connect === undefined ? {} : { connectTo: connect }) };
}

/**
 * Without duplicates, bounded: first those that have answered, then those that the peer names
 * itself, then those that others name, of which anybody can invent any number.
 */
function mergeKnown(
  first: readonly KnownAddress[],
  then: readonly KnownAddress[],
): readonly KnownAddress[] {
  const merged: KnownAddress[] = [];
  for (const one of [...first, ...then]) {
    const at = merged.findIndex((other) => isSame(one, other));
    const known = merged[at];
    if (known === undefined) merged.push(one);
    else {
      const { connectTo = one.connectTo } = known;
      const saidBy = one.saidBy === "self" ? "self" : known.saidBy;
      merged[at] = { ...known, saidBy, ...(connectTo === undefined ? {} : { connectTo }) };
    }
  }
  return merged.toSorted((a, b) => placeOf(a) - placeOf(b)).slice(0, LIMITS.addressesPerServerMax);
}

function placeOf({ workedMs, saidBy }: KnownAddress): number {
  if (workedMs !== undefined) return 0;
  return saidBy === "self" ? 1 : 2;
}
