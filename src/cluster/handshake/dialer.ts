import { shareKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import type { Timers } from "../../platform/timers.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Handshake } from "./handshake.ts";
import { type DialResult, failed } from "./meeting.ts";

/** The part of the handshake that is used here. */
type Shaking = Pick<Handshake, "dial" | "confirm">;

export interface NodeDialOptions {
  /** It is uncertain whether a node is there. */
  readonly unsure?: boolean;
}

export interface DialAtOptions extends NodeDialOptions {
  /** The operator has given the addresses. */
  readonly trusted: boolean;
}

/** Calls back when a connection is established. */
type Attempt = (onConnected: () => void) => Promise<DialResult>;
/** Runs a task when its turn comes. */
type Queue = (task: () => Promise<void>) => Promise<void>;

/**
 * After this time without a connection probably nobody is there, and the next dial gets the slot.
 * Similar to RFC 8305, section 5, but for addresses of different nodes.
 */
const SILENT_AFTER_MS = 500;
/**
 * Dials per second of nodes that one source has named, and its burst: a class behind one router.
 */
const DIALS_PER_SOURCE_SECOND = 5;
const DIALS_PER_SOURCE_BURST = 64;

/**
 * Dials for the handshake, within limits: one attempt per node at a time, a few for nodes that one
 * source has named, and a total. Nominations of strangers must not use up this node's sockets.
 * Dials that wait without a connection have limits of their own: of a name with a hundred addresses
 * almost all may be off.
 */
export class Dialer {
  readonly #log: Log;
  readonly #table: PeerTable;
  readonly #handshake: Shaking;
  readonly #underWay = new Map<string, Promise<DialResult>>();
  readonly #inAll = new KeyedSemaphore(LIMITS.dialsMax);
  readonly #unsure = new KeyedSemaphore(LIMITS.dialsUnsureMax);
  readonly #silent = new KeyedSemaphore(LIMITS.dialsSilentMax);
  readonly #bySource = new KeyedSemaphore(LIMITS.dialsPerSourceMax);
  readonly #rates: TokenBuckets;
  readonly #timers: Timers;
  /** The node through which another may be reached; set later by the registry, which knows it. */
  relayTo: (nodeId: string) => string | undefined = () => undefined;

  constructor(
    { clock, timers, log }: Pick<ClusterDeps, "clock" | "timers" | "log">,
    { table, handshake }: { readonly table: PeerTable; readonly handshake: Shaking },
  ) {
    this.#log = log;
    this.#timers = timers;
    this.#table = table;
    this.#handshake = handshake;
    this.#rates = new TokenBuckets(clock, {
      perSecond: DIALS_PER_SOURCE_SECOND,
      burst: DIALS_PER_SOURCE_BURST,
      keysMax: LIMITS.addressesTrackedMax,
    });
  }

  /** Dials a node at its addresses in the table. Joins an attempt in progress. */
  dial(nodeId: string, { unsure = false }: NodeDialOptions = {}): Promise<DialResult> {
    return this.#dialKnown(nodeId, { key: nodeId, relay: undefined, unsure });
  }

  /** Like {@link dial}, and through another node if that fails: to tell the node something. */
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
    return this.#once(key, { source, unsure }, async (onConnected) => {
      const options = { expected: nodeId, relay, onConnected };
      const result = await this.#handshake.dial(peer.addresses, options);
      if (result.kind === "failed") {
        this.#log.debug("a node does not answer", { node_id: nodeId, reason: result.reason });
      }
      return result;
    });
  }

  /** Whether a node that has said hello can be dialled, without a new handshake. */
  async confirm(nodeId: string): Promise<boolean> {
    const source = this.#table.get(nodeId)?.source;
    const result = await this.#once(`confirm ${nodeId}`, { source }, async (onConnected) => {
      const isThere = await this.#handshake.confirm(nodeId, onConnected);
      return isThere ? { kind: "self" } : failed("not dialable");
    });
    return result.kind !== "failed";
  }

  /** Dials addresses at which any node may be. */
  dialAt(addresses: readonly Address[], options: DialAtOptions): Promise<DialResult> {
    const { trusted, unsure = false } = options;
    const key = addresses.map(({ host, port }) => `${host} ${port}`).join(",");
    return this.#once(key, { unsure }, (onConnected) =>
      this.#handshake.dial(addresses, { trusted, onConnected }),
    );
  }

  #once(
    key: string,
    { source, unsure = false }: NodeDialOptions & { readonly source?: string | undefined },
    attempt: Attempt,
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
    const inAll: Queue = (task) => this.#inAll.run("dials", task);
    const queue: Queue = (task) =>
      unsure ? this.#unsure.run("dials", () => inAll(task)) : inAll(task);
    const run = () => this.#dialWithin(queue, attempt);
    const dialling = limited === undefined ? run() : this.#bySource.run(limited, run);
    const ended = dialling.finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, ended);
    return ended;
  }

  /**
   * The dial holds its slot in the queue until it ends, or until it waits without a connection and
   * gets a slot for that.
   */
  async #dialWithin(queue: Queue, attempt: Attempt): Promise<DialResult> {
    const { promise, resolve } = Promise.withResolvers<DialResult>();
    await queue(async () => {
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      const cancel = this.#timers.after(SILENT_AFTER_MS, () => {
        void this.#silent.run("dials", () => {
          leave();
          return over(dialling);
        });
      });
      const dialling = attempt(cancel);
      resolve(dialling);
      await Promise.race([left, over(dialling)]);
      cancel();
    });
    return promise;
  }
}

/** Resolves when it has ended, with or without success. */
async function over(dialling: Promise<unknown>): Promise<void> {
  await dialling.catch(() => {});
}

/** Delays after failed dials, per key: doubled from `minMs` to `maxMs`. */
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
