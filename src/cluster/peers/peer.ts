import type { Clock } from "../../platform/clock.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import type { Contact } from "../clones/peer-clones.ts";
import type { DialFailure } from "../handshake/meeting.ts";
import type { SigningOptions } from "../identity/signature.ts";
import type { FollowStatement } from "../membership/follow-statement.ts";
import type { Entry } from "../registry/registry-entry.ts";
import type { Role } from "../server-record.ts";
import type { Hello, NodeDocument } from "../wire.ts";
import type { DialTarget } from "./dial-policy.ts";

/** An address of a peer: its nominators, and when the peer's key last answered there. */
export interface KnownAddress extends DialTarget {
  /** A backend, `self` for the peer itself, or `hub`. */
  readonly saidBy: string;
  /** Monotonic milliseconds; undefined if it has not answered yet. */
  readonly workedMs?: number | undefined;
}

/** Proven facts about a peer's key. */
export interface PeerKey {
  readonly publicKey: string;
  /** Its wall clock minus this node's. */
  readonly clockOffsetMs: number;
  /**
   * Its start clock minus this node's monotonic clock: requests to it are dated by that. Undefined
   * if it reports none; then they are dated by its wall clock.
   */
  readonly startOffsetMs: number | undefined;
  /** It accepts requests under any name: through a balancer, or a relay. */
  readonly takesUnbound: boolean;
}

/**
 * Maximum difference between two readings of one start clock: answers are delayed, and machines
 * sleep.
 */
const SAME_START_MS = 60_000;

/**
 * A peer's key, from what the peer has just reported about its clocks and what was known before.
 */
export function keyToldBy(
  told: Pick<Hello, "time_ms" | "start_clock_ms" | "takes_unbound">,
  publicKey: string,
  clock: Clock,
  before: PeerKey | undefined,
): PeerKey {
  const start = told.start_clock_ms;
  const startOffsetMs = start === undefined ? undefined : start - clock.monotonicMs();
  const known = before?.startOffsetMs;
  // Constant throughout a start: nonces are remembered by it.
  const isSame = Math.abs((startOffsetMs ?? Number.NaN) - (known ?? Number.NaN)) < SAME_START_MS;
  return {
    publicKey,
    clockOffsetMs: told.time_ms - clock.wallMs(),
    startOffsetMs: isSame ? known : startOffsetMs,
    takesUnbound: told.takes_unbound ?? false,
  };
}

/** How requests to a peer are dated and bound. */
export function signingFor(key: PeerKey): SigningOptions {
  const { clockOffsetMs, startOffsetMs, takesUnbound } = key;
  return { clockOffsetMs, startOffsetMs, isUnbound: takesUnbound };
}

/** Whether dialling the peer succeeds, by this node's own attempts. */
export interface DialOutcome {
  /** `busy`: its machine accepts connections, but its program has not answered in time. */
  readonly outcome: "ok" | "failed" | "busy";
  /** When the attempt began, monotonic milliseconds. */
  readonly startedMs: number;
  /** Why it failed, if known. */
  readonly failure?: Pick<DialFailure, "reason" | "isSilent">;
}

/** What a peer has said about itself, signed, and when. */
export interface Described {
  readonly document: NodeDocument;
  readonly atMs: number;
  /** It was given this node's URL as its hub's, or the other way round. */
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

/** A hint that avoids dials: which node is there, with which role, and since which start. */
export interface Sighting {
  readonly role: Role | undefined;
  readonly priority: number | undefined;
  readonly bootId: string | undefined;
  readonly firstMs: number;
  readonly atMs: number;
}

/** Which start of the peer communicates at present. */
export interface PeerBoot {
  readonly contact: Contact;
  readonly heardMs: number;
}

/** Everything that this node knows about one other node. Times are monotonic milliseconds. */
export interface Peer {
  /** The node id; for a server without a key `unsigned:` and its server id. */
  readonly id: string;
  /** Best first: where it answered last. */
  readonly addresses: readonly KnownAddress[];
  readonly key: PeerKey | undefined;
  /** The node through which it has answered last, if no address has. */
  readonly relay: string | undefined;
  readonly described: Described | undefined;
  readonly boot: PeerBoot | undefined;
  /** Latest round trips to it, oldest first. */
  readonly rttsMs: readonly number[];
  /** Dials of the peer by this node. */
  readonly dialled: DialOutcome | undefined;
  /** Since when, and when last, it has said hello without a long pause. */
  readonly contact: { readonly sinceMs: number; readonly lastMs: number } | undefined;
  /** What a backend or a peer has reported about it; none of it is proven. */
  readonly sighting: Sighting | undefined;
  /** Backends that have nominated it. */
  readonly nominatedBy: ReadonlySet<string>;
  /** Its entry in the list, if it is listed. */
  readonly registration: Entry | undefined;
  /** Its signed statement that it follows this node. */
  readonly follow: FollowStatement | undefined;
  /** The journal position that it has stated last. */
  readonly position: number | undefined;
  /** It has proven that it knows the cluster's secret. */
  readonly isMember: boolean;
  /** When its key first answered a dial. */
  readonly confirmedMs: number | undefined;
  /** The source of the first report about it: an IP, or undefined for a backend without one. */
  readonly source: string | undefined;
}

/**
 * The order of eviction from a full table, best last. Anybody can invent any number of the first
 * two; a confirmed peer has answered a dial, and with an engaged one fish are in transit.
 */
export const STANDINGS = ["nominated", "stranger", "confirmed", "exchanged", "engaged"] as const;
export type Standing = (typeof STANDINGS)[number];

export function newPeer(id: string, source: string | undefined): Peer {
  return {
    id,
    addresses: [],
    key: undefined,
    relay: undefined,
    described: undefined,
    boot: undefined,
    rttsMs: [],
    dialled: undefined,
    contact: undefined,
    sighting: undefined,
    nominatedBy: new Set(),
    registration: undefined,
    follow: undefined,
    position: undefined,
    isMember: false,
    confirmedMs: undefined,
    source,
  };
}

/**
 * The minimum of the latest round trips: any excess was waiting on a busy machine, not the network.
 */
export function rttMsOf(peer: Peer | undefined): number | undefined {
  if (!peer || peer.rttsMs.length === 0) return undefined;
  return Math.round(Math.min(...peer.rttsMs) * 10) / 10;
}

/** Undefined before this node has tried to dial it, and while it is too busy to tell. */
export function isDialable(peer: Peer | undefined): boolean | undefined {
  const outcome = peer?.dialled?.outcome;
  return outcome === undefined || outcome === "busy" ? undefined : outcome === "ok";
}

/**
 * The addresses that may be dialled directly, best first. A name that others have given is checked
 * by its resolution, in the handshake.
 */
export function placesOf(peer: Peer | undefined): readonly KnownAddress[] {
  const addresses = peer?.addresses ?? [];
  return addresses.filter(({ host, connectTo }) => connectTo !== undefined || isIpLiteral(host));
}

export type ReadyPeer = Peer & { readonly key: PeerKey };

/** Whether a signed request can be sent to it now. */
export function isReady(peer: Peer | undefined): peer is ReadyPeer {
  if (peer?.key === undefined) return false;
  return peer.addresses.length > 0 || peer.relay !== undefined;
}
