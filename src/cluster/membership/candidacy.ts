import { sourceKey } from "../../discovery/addresses.ts";
import { messageOf } from "../../platform/errors.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import type { DialResult } from "../handshake/meeting.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import type { LeaseState } from "./lease.ts";

export interface CandidacyDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "clock" | "journal" | "log">;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly registry: Registry;
  readonly dialer: Pick<Dialer, "dial">;
}

const META_KEY = "cluster.undialable";
/**
 * A lease that has been free for this long is wanted by no node that can be dialled. Those acquire
 * one within 10 s, which is how long Consul delays a lock.
 */
const LEFT_OVER_MS = 20_000;
/** Many nodes that start on a busy machine need up to 15 s to follow. */
const UNFOLLOWED_MS = 15_000;
/** Pause after giving the lease back; doubled after each unsuccessful attempt. */
const REST_MIN_MS = 30_000;
const REST_MAX_MS = 600_000;
/** Nodes dialled per trial: a hub that has lost more than this needs an operator. */
const ASKED_MAX = 16;

/**
 * Decides whether this node should have the lease. The store gives it to the first that asks, but a
 * hub that nobody can dial leads nobody. Such a node leaves the lease to others, and gives it back.
 */
export class Candidacy {
  readonly #with: CandidacyDeps;
  /** The URL of the lease: nodes with the same one are of the same cluster. */
  readonly #lease: string;
  /** The last hub that tested it could not dial this node. */
  #isUndialable = false;
  #freeSinceMs: number | undefined;
  #unfollowedSinceMs: number | undefined;
  #isAsking = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #restMs = REST_MIN_MS;

  constructor(withDeps: CandidacyDeps, lease: string) {
    this.#with = withDeps;
    this.#lease = lease;
    withDeps.events.on("pinged", ({ dialable }) => {
      if (typeof dialable === "boolean") this.#note(!dialable);
    });
  }

  /** Loads what an earlier run was told. */
  async recall(): Promise<void> {
    this.#isUndialable = Boolean(await this.#with.deps.journal.meta(META_KEY));
  }

  /** Called once a second. Returns whether to acquire the lease, or to keep it. */
  judge(kind: LeaseState["kind"], isHub: boolean): boolean {
    const nowMs = this.#nowMs();
    this.#freeSinceMs = kind === "free" ? (this.#freeSinceMs ?? nowMs) : undefined;
    if (isHub && kind === "held") this.#countFollowers(nowMs);
    else this.#unfollowedSinceMs = undefined;
    if (this.#isResting) return false;
    const isLeftOver = nowMs - (this.#freeSinceMs ?? nowMs) >= LEFT_OVER_MS;
    return isHub || kind === "held" || isLeftOver || !this.#isUndialable;
  }

  /** Why the lease is left to others, in one line; undefined if it is not. */
  get abstention(): string | undefined {
    if (this.#isResting) {
      return "others did not follow this node under the lease: it waits before asking again";
    }
    if (!this.#isUndialable) return undefined;
    return "others cannot dial this node: it takes the lease only where nobody else does";
  }

  get #isResting(): boolean {
    return this.#nowMs() < this.#restUntilMs;
  }

  #countFollowers(nowMs: number): void {
    const followers = this.#followers();
    if (followers > 0) this.#restMs = REST_MIN_MS;
    const others = this.#others();
    if (countSources(others) <= followers) {
      this.#unfollowedSinceMs = undefined;
      return;
    }
    this.#unfollowedSinceMs ??= nowMs;
    if (nowMs - this.#unfollowedSinceMs < UNFOLLOWED_MS || this.#isAsking) return;
    void this.#ask(others.slice(0, ASKED_MAX));
  }

  /**
   * Nodes that answer and follow another one will have a hub as soon as one of them has the lease.
   */
  async #ask(others: readonly Peer[]): Promise<void> {
    const { dialer, deps } = this.#with;
    this.#isAsking = true;
    const results = await Promise.all(others.map(({ id }) => dialer.dial(id)));
    this.#isAsking = false;
    this.#unfollowedSinceMs = undefined;
    const without = others.filter((_, at) => this.#goesWithoutUs(results[at]));
    if (countSources(without) <= this.#followers()) return;
    this.#restUntilMs = this.#nowMs() + this.#restMs;
    deps.log.warn("others do not follow this hub", {
      nodes: without.length,
      rest_seconds: this.#restMs / 1_000,
    });
    this.#restMs = Math.min(REST_MAX_MS, 2 * this.#restMs);
  }

  #goesWithoutUs(result: DialResult | undefined): boolean {
    if (result?.kind !== "met") return false;
    return result.meeting.document.standing.hub?.node_id !== this.#with.deps.identity.nodeId;
  }

  /** The number of sources of members that have registered here. */
  #followers(): number {
    const { registry, deps, table } = this.#with;
    const peers = registry.entries().flatMap(({ key, status, toldBy, record }) => {
      const follows = status !== "offline" && toldBy === undefined && record.member;
      const peer = follows && key !== deps.identity.nodeId ? table.get(key) : undefined;
      return peer ? [peer] : [];
    });
    return countSources(peers);
  }

  /** Members of this cluster that could lead, and are not known to follow this node. */
  #others(): readonly Peer[] {
    return [...this.#with.table.all()].filter(
      ({ isMember, described, registration, addresses }) => {
        const { lease, standing } = described?.document ?? {};
        const isListed = registration?.status === "online" && registration.toldBy === undefined;
        const mayLead = isMember && lease === this.#lease && standing?.may_claim === true;
        return mayLead && !isListed && addresses.length > 0;
      },
    );
  }

  #note(isUndialable: boolean): void {
    if (!isUndialable) this.#restMs = REST_MIN_MS;
    if (isUndialable === this.#isUndialable) return;
    this.#isUndialable = isUndialable;
    void this.#keep();
  }

  async #keep(): Promise<void> {
    const { journal, log } = this.#with.deps;
    const value = this.#isUndialable ? "yes" : "";
    try {
      await journal.commit([{ put: "meta", key: META_KEY, value }]);
    } catch (error) {
      log.debug("whether others can dial this node cannot be stored", { reason: messageOf(error) });
    }
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}

/** Nodes at one address count once: anybody can make any number of keys. */
function countSources(peers: readonly Peer[]): number {
  return new Set(peers.map(({ id, addresses }) => sourceKey(addresses[0]?.host ?? id))).size;
}
