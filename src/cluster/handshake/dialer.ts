import { shareKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Handshake } from "./handshake.ts";
import { type DialResult, failed } from "./meeting.ts";

/** What of the handshake is used here. */
type Shaking = Pick<Handshake, "dial" | "confirm">;

export interface NodeDialOptions {
  /** Nobody has been seen there. */
  readonly unsure?: boolean;
}

export interface DialAtOptions extends NodeDialOptions {
  /** The operator has named the addresses. */
  readonly trusted: boolean;
}

/** Dials of what one source has named, and what it may name at once: a class behind one router. */
const DIALS_PER_SOURCE_SECOND = 5;
const DIALS_PER_SOURCE_BURST = 64;

/**
 * Dials for the handshake, within bounds: one attempt at a time for each node, a few for what one
 * source has named, and so many in all. What strangers name must not use up this node's sockets.
 */
export class Dialer {
  readonly #log: Log;
  readonly #table: PeerTable;
  readonly #handshake: Shaking;
  readonly #underWay = new Map<string, Promise<DialResult>>();
  readonly #inAll = new KeyedSemaphore(LIMITS.dialsMax);
  readonly #unsure = new KeyedSemaphore(LIMITS.dialsUnsureMax);
  readonly #bySource = new KeyedSemaphore(LIMITS.dialsPerSourceMax);
  readonly #rates: TokenBuckets;
  /** Through whom a node may be reached; the registry, which knows, is connected afterwards. */
  relayTo: (nodeId: string) => string | undefined = () => undefined;

  constructor(
    { clock, log }: Pick<ClusterDeps, "clock" | "log">,
    { table, handshake }: { readonly table: PeerTable; readonly handshake: Shaking },
  ) {
    this.#log = log;
    this.#table = table;
    this.#handshake = handshake;
    this.#rates = new TokenBuckets(clock, {
      perSecond: DIALS_PER_SOURCE_SECOND,
      burst: DIALS_PER_SOURCE_BURST,
      keysMax: LIMITS.addressesTrackedMax,
    });
  }

  /** Dials a node where the table says that it is. Joins an attempt that is under way. */
  dial(nodeId: string, { unsure = false }: NodeDialOptions = {}): Promise<DialResult> {
    return this.#dialKnown(nodeId, { key: nodeId, relay: undefined, unsure });
  }

  /** The same, and through another node where that cannot be dialled: to tell it something. */
  reach(nodeId: string): Promise<DialResult> {
    const relay = this.relayTo(nodeId);
    const key = relay === undefined ? nodeId : `reach ${nodeId}`;
    return this.#dialKnown(nodeId, { key, relay, unsure: false });
  }

  async #dialKnown(
    nodeId: string,
    { key, relay, unsure }: { key: string; relay: string | undefined; unsure: boolean },
  ): Promise<DialResult> {
    const peer = this.#table.get(nodeId);
    if (!peer || (peer.addresses.length === 0 && relay === undefined)) {
      return failed("no address is known");
    }
    const isConfirmed = peer.confirmedMs !== undefined;
    const source = isConfirmed ? undefined : peer.source;
    return this.#once(key, { source, unsure }, async () => {
      const result = await this.#handshake.dial(peer.addresses, { expected: nodeId, relay });
      if (result.kind === "failed") {
        this.#log.debug("a node does not answer", { node_id: nodeId, reason: result.reason });
      }
      return result;
    });
  }

  /** Whether a node that has said hello can be dialled, without shaking hands anew. */
  async confirm(nodeId: string): Promise<boolean> {
    const source = this.#table.get(nodeId)?.source;
    const result = await this.#once(`confirm ${nodeId}`, { source }, async () =>
      (await this.#handshake.confirm(nodeId)) ? { kind: "self" } : failed("not dialable"),
    );
    return result.kind !== "failed";
  }

  /** Dials addresses behind which any node may be. */
  dialAt(addresses: readonly Address[], options: DialAtOptions): Promise<DialResult> {
    const { trusted, unsure = false } = options;
    const key = addresses.map(({ host, port }) => `${host} ${port}`).join(",");
    return this.#once(key, { unsure }, () => this.#handshake.dial(addresses, { trusted }));
  }

  #once(
    key: string,
    { source, unsure = false }: NodeDialOptions & { readonly source?: string | undefined },
    attempt: () => Promise<DialResult>,
  ): Promise<DialResult> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= LIMITS.nominationsMax) {
      return Promise.resolve(failed("too many nodes wait to be dialled"));
    }
    const limited = source === undefined ? undefined : shareKey(source);
    if (limited !== undefined && this.#rates.take(limited) > 0) {
      return Promise.resolve(failed("its source names too many nodes"));
    }
    const run = () => this.#inAll.run("dials", attempt);
    const runUnsure = () => (unsure ? this.#unsure.run("dials", run) : run());
    const dialling = limited === undefined ? runUnsure() : this.#bySource.run(limited, runUnsure);
    const ended = dialling.finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, ended);
    return ended;
  }
}

/** Dials that failed, so that the next waits longer: doubling from `minMs` to `maxMs`. */
export class Backoff {
  readonly #attempts: BoundedMap<string, { readonly atMs: number; readonly delayMs: number }>;
  readonly #minMs: number;
  readonly #maxMs: number;

  constructor(minMs: number, maxMs: number) {
    this.#attempts = new BoundedMap(LIMITS.peersMax);
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  isDue(key: string, nowMs: number): boolean {
    const last = this.#attempts.get(key);
    return last === undefined || nowMs - last.atMs >= last.delayMs;
  }

  note(key: string, nowMs: number): void {
    const last = this.#attempts.get(key);
    const delayMs = last ? Math.min(this.#maxMs, 2 * last.delayMs) : this.#minMs;
    this.#attempts.set(key, { atMs: nowMs, delayMs });
  }

  clear(key: string): void {
    this.#attempts.delete(key);
  }
}
