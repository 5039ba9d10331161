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

/** An address of a peer: who has named it, and when the peer's key last answered there. */
export interface KnownAddress extends DialTarget {
  /** A backend, `self` for the peer itself, or `hub`. */
  readonly saidBy: string;
  /** Monotonic milliseconds; undefined where it has not answered yet. */
  readonly workedMs?: number | undefined;
}

/** What is proven of a peer's key. */
export interface PeerKey {
  readonly publicKey: string;
  /** Its wall clock minus ours. */
  readonly clockOffsetMs: number;
  /**
   * Its start clock minus our monotonic clock: requests to it are dated by that. Undefined where it
   * tells of none; then they are dated by its wall clock.
   */
  readonly startOffsetMs: number | undefined;
  /** It takes requests by whatever name they come: through a balancer, or a relay. */
  readonly takesUnbound: boolean;
}

/** What two looks at one start clock may differ by: answers are late, and machines sleep. */
const SAME_START_MS = 60_000;

/** A peer's key, as the peer has just told of its clocks, and as it was known before. */
export function keyToldBy(
  told: Pick<Hello, "time_ms" | "start_clock_ms" | "takes_unbound">,
  publicKey: string,
  clock: Clock,
  before: PeerKey | undefined,
): PeerKey {
  const start = told.start_clock_ms;
  const startOffsetMs = start === undefined ? undefined : start - clock.monotonicMs();
  const known = before?.startOffsetMs;
  // The same throughout a start: by it nonces are remembered.
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

/** Whether dialling the peer reaches it, as far as we have tried ourselves. */
export interface DialOutcome {
  /** `busy`: its machine takes connections, and its program has not answered in time. */
  readonly outcome: "ok" | "failed" | "busy";
  /** When the attempt began, monotonic milliseconds. */
  readonly startedMs: number;
  /** Why it failed, where that is known. */
  readonly failure?: Pick<DialFailure, "reason" | "isSilent">;
}

/** What a peer has said of itself, signed, and when. */
export interface Described {
  readonly document: NodeDocument;
  readonly atMs: number;
  /** It was given our URL as its hub's, or we were given its. */
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

/** A hint that saves dials: who is there, as what, and since which start. */
export interface Sighting {
  readonly role: Role | undefined;
  readonly priority: number | undefined;
  readonly bootId: string | undefined;
  readonly firstMs: number;
  readonly atMs: number;
}

/** Which start of the peer speaks at present. */
export interface PeerBoot {
  readonly contact: Contact;
  readonly heardMs: number;
}

/** Everything that this node knows of one other node. Times are monotonic milliseconds. */
export interface Peer {
  /** The node id; for a server without a key `unsigned:` and its server id. */
  readonly id: string;
  /** Best first: where it answered last. */
  readonly addresses: readonly KnownAddress[];
  readonly key: PeerKey | undefined;
  /** The node through which it has answered last, where no address has. */
  readonly relay: string | undefined;
  readonly described: Described | undefined;
  readonly boot: PeerBoot | undefined;
  /** Latest round trips to it, oldest first. */
  readonly rttsMs: readonly number[];
  /** We → it. */
  readonly dialled: DialOutcome | undefined;
  /** Since when, and when last, it has said hello without a long silence in between. */
  readonly contact: { readonly sinceMs: number; readonly lastMs: number } | undefined;
  /** What a backend or a peer has said of it; nothing in it is proven. */
  readonly sighting: Sighting | undefined;
  /** Backends that have nominated it. */
  readonly nominatedBy: ReadonlySet<string>;
  /** As it is listed, if it is. */
  readonly registration: Entry | undefined;
  /** Its signed word that it follows us. */
  readonly follow: FollowStatement | undefined;
  /** The journal position that it has named last. */
  readonly position: number | undefined;
  /** It has proven that it knows the cluster's secret. */
  readonly isMember: boolean;
  /** When its key first answered where we dialled. */
  readonly confirmedMs: number | undefined;
  /** Where the first word of it came from: an IP, or undefined for a backend without one. */
  readonly source: string | undefined;
}

/**
 * What a full table keeps last. Anybody can invent any number of the first two; a confirmed one has
 * answered where it was dialled, and with an engaged one fish are under way.
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
 * The least of the latest round trips: what is more was waiting on a busy machine, not the way
 * there.
 */
export function rttMsOf(peer: Peer | undefined): number | undefined {
  if (!peer || peer.rttsMs.length === 0) return undefined;
  return Math.round(Math.min(...peer.rttsMs) * 10) / 10;
}

/** Undefined before we have tried to dial it, and while it is too busy to tell. */
export function isDialable(peer: Peer | undefined): boolean | undefined {
  const outcome = peer?.dialled?.outcome;
  return outcome === undefined || outcome === "busy" ? undefined : outcome === "ok";
}

/**
 * Where it may be connected to as it stands, best first. A name that others have given is judged by
 * what it resolves to, which the handshake does.
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
