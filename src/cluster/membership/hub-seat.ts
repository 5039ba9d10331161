import { sourceKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { type Cancel, repeat, sleep } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents, RoleView } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import { isDialable, isReady, type Peer } from "../peers/peer.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import { FOLLOW_FRESH_MS, type FollowStatement, followerIn } from "./follow-statement.ts";
import { FOLLOWS_SHOWN_MAX } from "./hub-messages.ts";
import type { RoleKeeper } from "./role.ts";
import { chooseSuccessors } from "./successors.ts";

export interface HubSeatDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly dialer: Dialer;
  readonly role: RoleKeeper;
  readonly registry: Registry;
  readonly addresses: () => readonly Address[];
}

export const LEAD_PATH = "/api/cluster/lead";
export const MOVED_PATH = "/api/cluster/moved";
const SUCCESSORS_INTERVAL_MS = 500;
/** Nodes whose hello without a hub is at most this old are told that there is one now. */
const HELLO_RECENT_MS = 10_000;
const NOTICE_TIMEOUT_MS = 2_000;
/**
 * The new address must arrive before a worker suspects this hub, even if the first attempt is lost.
 */
const MOVED_TIMEOUTS_MS = [250, 250, 500, 1_000];

/** The duties of a hub to its followers: names its successors, announces its addresses. */
export class HubSeat {
  readonly #with: HubSeatDeps;
  #successors: readonly string[] = [];
  #cancel: Cancel = () => {};

  constructor(withDeps: HubSeatDeps) {
    this.#with = withDeps;
    const { events, role } = withDeps;
    events.on("role_changed", (event) => {
      if (role.isHub && event.before.role !== "hub") this.#take(event.before);
      else if (!role.isHub) this.release();
    });
    events.on("self_changed", ({ addressesChanged }) => {
      if (!addressesChanged || !role.isHub) return;
      this.#tellAll(MOVED_PATH, this.#workers(), MOVED_TIMEOUTS_MS);
    });
  }

  get successors(): readonly string[] {
    return this.#successors;
  }

  release(): void {
    this.#successors = [];
    this.#cancel();
  }

  /** Records a worker's signed statement that it follows this hub, to be shown to other hubs. */
  noteFollow(nodeId: string, statement: FollowStatement): void {
    const { identity } = this.#with.deps;
    if (followerIn(statement, identity.nodeId) !== nodeId) return;
    this.#with.table.update(nodeId, { follow: statement });
  }

  /** Recent statements of followers, one per source: several of one source count as one. */
  follows(): readonly FollowStatement[] {
    const { table, deps } = this.#with;
    const sinceMs = deps.clock.wallMs() - FOLLOW_FRESH_MS;
    const bySource = new Map<string, FollowStatement>();
    for (const { follow, registration, isMember } of table.all()) {
      const counts = isMember && registration?.status === "online";
      if (follow && counts && follow.at_ms >= sinceMs) {
        bySource.set(sourceKey(follow.from.host), follow);
      }
    }
    return [...bySource.values()].slice(0, FOLLOWS_SHOWN_MAX);
  }

  #take(before: RoleView): void {
    const { timers, clock } = this.#with.deps;
    const sinceMs = clock.monotonicMs() - HELLO_RECENT_MS;
    // Nodes that said hello while nobody led, and after a takeover all that are listed.
    const gathering = [...this.#with.table.all()].filter(
      ({ described }) =>
        described && described.atMs >= sinceMs && described.document.standing.role !== "hub",
    );
    const listed = before.role === "worker" ? this.#workers() : [];
    this.#tellAll(LEAD_PATH, [...new Set([...gathering, ...listed])], [NOTICE_TIMEOUT_MS]);
    this.#cancel = repeat(timers, SUCCESSORS_INTERVAL_MS, () => this.#nameSuccessors());
  }

  #nameSuccessors(): void {
    const { registry, table, deps } = this.#with;
    const able = registry
      .entries()
      .filter(({ key, status, record }) => {
        if (key === deps.identity.nodeId || status !== "online" || !record.member) return false;
        const peer = table.get(key);
        return peer?.isMember === true && isDialable(peer) === true;
      })
      .map(({ key, priority, mayClaim }) => ({ nodeId: key, priority, mayClaim }));
    this.#successors = chooseSuccessors(able, this.#successors);
  }

  #workers(): readonly Peer[] {
    const { registry, table } = this.#with;
    return registry.entries().flatMap(({ key, status }) => {
      const peer = status === "online" ? table.get(key) : undefined;
      return peer ? [peer] : [];
    });
  }

  #tellAll(path: string, peers: readonly Peer[], timeoutsMs: readonly number[]): void {
    const { deps, dialer } = this.#with;
    for (const peer of peers) {
      if (peer.id === deps.identity.nodeId) continue;
      if (isReady(peer)) void this.#tell(peer.id, path, timeoutsMs);
      // A hello from a hub says the same.
      else void dialer.dial(peer.id);
    }
  }

  /** One attempt for each of `timeoutsMs`, while this node leads. */
  async #tell(nodeId: string, path: string, timeoutsMs: readonly number[]): Promise<void> {
    const { deps, client, role, addresses } = this.#with;
    for (const timeoutMs of timeoutsMs) {
      const startedMs = deps.clock.monotonicMs();
      const notice = { boot_id: deps.bootId, addresses: [...addresses()] };
      try {
        await client.send(nodeId, "POST", path, notice, { timeoutMs });
        return;
      } catch (error) {
        // It finds out by itself, by its next ping or its own search.
        if (error instanceof Problem) return;
        if (!(error instanceof NetworkError)) throw error;
      }
      // A changing network may be unreachable for a moment.
      await sleep(deps.timers, Math.max(0, startedMs + timeoutMs - deps.clock.monotonicMs()));
      if (!role.isHub) return;
    }
  }
}
