import { LIMITS } from "../../platform/limits.ts";
import type { EtcdClient } from "./client.ts";
import { EtcdError } from "./errors.ts";
import { encoded, type Fields } from "./fields.ts";

/** An existing key. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** A number of 64 bits; {@link NO_LEASE} without one. */
  readonly leaseId: string;
  /** Revision of the store at its last change. */
  readonly revision: bigint;
}

export const NO_LEASE = "0";

export interface Put {
  readonly key: string;
  readonly value: string;
  readonly lease: string;
}

/**
 * The expected state: under this lease, or last changed at this revision; 0 for a key that does not
 * exist.
 */
export type KeyState = { readonly lease: string } | { readonly revision: bigint };

/** The result of a read that a majority of members has agreed to. */
export interface Reading {
  readonly entries: readonly Entry[];
  /** Of the whole store: it counts the changes. */
  readonly revision: bigint;
  /** Counts the leaders; each term has only one. */
  readonly term: bigint;
  /** Id of the cluster of members. */
  readonly clusterId: string;
}

export interface Grant {
  readonly leaseId: string;
  readonly ttlMs: number;
}

export interface Renewal {
  /** 0 for a lease that has ended. */
  readonly ttlMs: number;
  /** Term of the member that was asked, before it passed the request on to its leader. */
  readonly term: bigint;
}

/** The remaining time of a lease. */
export interface Remainder {
  /** A lower bound, since the store counts whole seconds; undefined for a lease that has ended. */
  readonly leftMs: number | undefined;
  /** As in a {@link Renewal}. */
  readonly term: bigint;
}

/** All keys with a prefix, or one key. */
export type Range = { readonly prefix: string } | { readonly key: string };

/** The requests of etcd's API, version 3, that a node needs. Each rejects like the client. */
export class EtcdStore {
  readonly #client: EtcdClient;

  constructor(client: EtcdClient) {
    this.#client = client;
  }

  get origin(): string {
    return this.#client.origin;
  }

  /** A new lease; the server may grant more time than requested. */
  async grant(ttlSeconds: number, signal?: AbortSignal): Promise<Grant> {
    const body = { TTL: String(ttlSeconds) };
    const answer = await this.#client.ask("/v3/lease/grant", body, signal);
    return { leaseId: String(answer.int64("ID")), ttlMs: ttlOf(answer) };
  }

  async keepAlive(leaseId: string, signal?: AbortSignal): Promise<Renewal> {
    const answer = await this.#client.ask("/v3/lease/keepalive", { ID: leaseId }, signal);
    const result = answer.fields("result");
    return { ttlMs: ttlOf(result), term: result.fields("header").int64("raft_term") };
  }

  /** Without renewing it. */
  async remainder(leaseId: string, signal?: AbortSignal): Promise<Remainder> {
    const answer = await this.#client.ask("/v3/lease/timetolive", { ID: leaseId }, signal);
    const hasEnded = answer.int64("TTL") < 0n;
    const leftMs = hasEnded ? undefined : ttlOf(answer);
    return { leftMs, term: answer.fields("header").int64("raft_term") };
  }

  /** Ends a lease, if it has not ended by itself, and removes the keys under it. */
  async revoke(leaseId: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.ask("/v3/lease/revoke", { ID: leaseId }, signal);
    } catch (error) {
      if (!(error instanceof EtcdError) || !error.isUnknownLease) throw error;
    }
  }

  /** The newest first; only what was changed at `since` or later. */
  async read(range: Range, since = 0n, signal?: AbortSignal): Promise<Reading> {
    const body = {
      ...bounds(range),
      min_mod_revision: String(since),
      sort_order: "DESCEND",
      sort_target: "MOD",
      limit: String(LIMITS.serversMax),
    };
    const answer = await this.#client.ask("/v3/kv/range", body, signal);
    const header = answer.fields("header");
    return {
      entries: answer.list("kvs").map(entryOf),
      revision: header.int64("revision"),
      term: header.int64("raft_term"),
      clusterId: header.text("cluster_id"),
    };
  }

  /** Rejects if the lease has ended. */
  async put(put: Put, signal?: AbortSignal): Promise<void> {
    await this.#client.ask("/v3/kv/put", bodyOf(put), signal);
  }

  /** Puts a key that is in the expected state; false if it is not. */
  async putIf(state: KeyState, put: Put, signal?: AbortSignal): Promise<boolean> {
    const is =
      "lease" in state
        ? { target: "LEASE", lease: state.lease }
        : { target: "MOD", mod_revision: String(state.revision) };
    const body = {
      compare: [{ key: encoded(put.key), result: "EQUAL", ...is }],
      success: [{ request_put: bodyOf(put) }],
    };
    return (await this.#client.ask("/v3/kv/txn", body, signal)).isTrue("succeeded");
  }

  /**
   * Reports changes of keys from a revision on (0: from now on), after an empty list once it has
   * begun. For a removed key it reports only that something has changed. Resolves when it is
   * aborted or the server ends it.
   */
  watch(
    range: Range,
    from: bigint,
    signal: AbortSignal,
    onChange: (entries: readonly Entry[]) => void,
  ): Promise<void> {
    const create = { ...bounds(range), start_revision: String(from) };
    return this.#client.watch(create, signal, (result) => {
      const puts = result.list("events").filter((event) => event.text("type") !== "DELETE");
      onChange(puts.map((event) => entryOf(event.fields("kv"))));
    });
  }
}

function ttlOf(answer: Fields): number {
  return Math.max(0, Number(answer.int64("TTL"))) * 1_000;
}

function entryOf(fields: Fields): Entry {
  return {
    key: fields.decoded("key"),
    value: fields.decoded("value"),
    leaseId: String(fields.int64("lease")),
    revision: fields.int64("mod_revision"),
  };
}

function bodyOf({ key, value, lease }: Put): Record<string, string> {
  return { key: encoded(key), value: encoded(value), lease };
}

/** A range excludes its `range_end`, which is the prefix with its last byte incremented. */
function bounds(range: Range): { key: string; range_end?: string } {
  if ("key" in range) return { key: encoded(range.key) };
  const { prefix } = range;
  const next = String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  return { key: encoded(prefix), range_end: encoded(prefix.slice(0, -1) + next) };
}
