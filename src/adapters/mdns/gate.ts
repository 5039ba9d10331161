import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import { kindOf, mentions } from "./glance.ts";
import { isOnLink, type Link } from "./links.ts";
import { type Endpoint, type Family, MDNS_PORT, type Station } from "./station.ts";

/** The verdict on a packet. Only an admitted one is decoded. */
export type Verdict = "admitted" | "echo" | "unrelated" | "off_link" | "too_many" | "malformed";

/** Senders known for a while share one bucket, all others another. */
type Standing = "settled" | "stranger";

/**
 * Decides which packets are decoded: first by cheap checks, then by a token bucket for each sender
 * and one for all. A flood costs little, and does not silence earlier senders.
 */
export class Gate {
  readonly #bySender: TokenBuckets;
  readonly #inAll: TokenBuckets;
  #dropped = 0;

  constructor(clock: Clock) {
    this.#bySender = new TokenBuckets(clock, {
      perSecond: LIMITS.mdnsPacketsPerSecond,
      burst: LIMITS.mdnsPacketsBurst,
      keysMax: LIMITS.mdnsSendersTrackedMax,
    });
    this.#inAll = new TokenBuckets(clock, {
      perSecond: LIMITS.mdnsPacketsPerSecondInAll,
      burst: LIMITS.mdnsPacketsBurstInAll,
      keysMax: 2,
    });
  }

  /** Rejected packets of tankd's service type. */
  get dropped(): number {
    return this.#dropped;
  }

  judge(
    bytes: Uint8Array,
    from: Endpoint,
    at: { readonly link: Link; readonly station: Station; readonly family: Family },
  ): Verdict {
    const { link, station, family } = at;
    const kind = kindOf(bytes);
    // RFC 6762 section 6: a response comes from the port of multicast DNS.
    if (kind === undefined || (kind === "response" && from.port !== MDNS_PORT)) return "malformed";
    if (!mentions(bytes, station.labels(kind))) return "unrelated";
    if (!isOnLink(link, from.address)) return "off_link";
    const isOwn = link.addresses.some(({ address }) => address === from.address.split("%", 1)[0]);
    if (isOwn && station.isEcho(family, bytes)) return "echo";
    const standing: Standing = station.isSettled(from.address) ? "settled" : "stranger";
    const admitted = this.#bySender.take(from.address) === 0 && this.#inAll.take(standing) === 0;
    if (admitted) return "admitted";
    this.#dropped++;
    return "too_many";
  }
}
