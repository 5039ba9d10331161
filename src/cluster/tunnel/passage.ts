import { shareKey } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { enter, SharedRoom } from "../../platform/room.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

export interface PassageDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Concurrent requests per receiving node, per address, and per pair of both. */
const UNDER_WAY = {
  node: LIMITS.relayedRequestsPerNodeMax,
  source: LIMITS.relayedRequestsPerSourceMax,
  pair: LIMITS.relayedRequestsPerSourceAndNodeMax,
} as const;

/**
 * Requests that this node makes to others on behalf of third parties: bounded per receiving node
 * and per requesting address. Nobody can flood a node through this one, or use up the whole
 * capacity.
 */
export class Passage {
  readonly #metrics: Metrics;
  readonly #bySource: TokenBuckets;
  readonly #byNode: TokenBuckets;
  readonly #nodes = new SharedRoom(LIMITS.relayedRequestsMax, UNDER_WAY.node);
  readonly #sources = new SharedRoom(LIMITS.relayedRequestsMax, UNDER_WAY.source);
  readonly #pairs = new SharedRoom(LIMITS.relayedRequestsMax, UNDER_WAY.pair);
  readonly #forwards = new SharedRoom(
    LIMITS.forwardedRequestsMax,
    LIMITS.forwardedRequestsPerSourceMax,
  );

  constructor({ clock, metrics }: PassageDeps) {
    this.#metrics = metrics;
    this.#bySource = new TokenBuckets(clock, {
      perSecond: LIMITS.relayedReadsPerSecondPerSource,
      burst: LIMITS.relayedReadsBurstPerSource,
      keysMax: LIMITS.addressesTrackedMax,
    });
    this.#byNode = new TokenBuckets(clock, {
      perSecond: LIMITS.relayedReadsPerSecondPerNode,
      burst: LIMITS.relayedReadsBurstPerNode,
      keysMax: LIMITS.peersMax,
    });
  }

  /**
   * Asks a node for an unauthenticated requester at the IP `remoteAddress`.
   * @throws Problem `too_many`
   */
  read<T>(nodeId: string, remoteAddress: string, ask: () => Promise<T>): Promise<T> {
    return this.counted(() => {
      this.admit(nodeId, remoteAddress);
      return this.within(nodeId, remoteAddress, ask);
    });
  }

  /** Counts one request of an unauthenticated requester. @throws Problem `too_many` */
  admit(nodeId: string, remoteAddress: string): void {
    const source = shareKey(remoteAddress);
    if (source !== undefined && this.#bySource.take(source) > 0) {
      throw new Problem(
        "too_many",
        "Too many requests to other nodes through this one; slow down.",
      );
    }
    if (this.#byNode.take(nodeId) > 0) {
      throw new Problem("too_many", `Too many requests to ${nodeId} through this node.`);
    }
  }

  /**
   * Asks while there is capacity, so that a node that never answers cannot use it up.
   * @throws Problem `too_many`
   */
  async within<T>(nodeId: string, remoteAddress: string, ask: () => Promise<T>): Promise<T> {
    const source = shareKey(remoteAddress);
    const pair = source === undefined ? undefined : `${nodeId} ${source}`;
    const rooms = [this.#nodes.of(nodeId), this.#sources.of(source), this.#pairs.of(pair)];
    const leave = enter(...rooms);
    if (!leave) throw new Problem("too_many", `Too many requests wait for ${nodeId} here.`);
    try {
      return await ask();
    } finally {
      leave();
    }
  }

  /**
   * Asks the hub for a requester at the IP `remoteAddress`, while there is capacity: a hub that
   * never answers cannot use it up.
   * @throws Problem `too_many`
   */
  forward<T>(remoteAddress: string, ask: () => Promise<T>): Promise<T> {
    return this.counted(async () => {
      const leave = enter(this.#forwards.of(shareKey(remoteAddress)));
      if (!leave) throw new Problem("too_many", "Too many requests wait for the hub here.");
      try {
        return await ask();
      } finally {
        leave();
      }
    });
  }

  /** Counts the outcome of a request for another node. */
  async counted<T>(ask: () => Promise<T>): Promise<T> {
    let outcome = "failed";
    try {
      const answer = await ask();
      outcome = "answered";
      return answer;
    } catch (error) {
      if (error instanceof Problem && error.code === "too_many") outcome = "refused";
      throw error;
    } finally {
      this.#metrics.count("tankd_passed_on_requests_total", { outcome });
    }
  }
}
