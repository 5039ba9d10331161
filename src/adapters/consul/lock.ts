import { z } from "zod";
import { type Instant, nowBy } from "../../cluster/membership/certainty.ts";
import type { Clock } from "../../platform/clock.ts";
import { once } from "../../platform/once.ts";
import { type ConsulAgent, hasField, type Indexed } from "./agent.ts";

/**
 * The shortest session that Consul allows. Without renewal it ends after this time at the earliest,
 * and after twice this time at the latest, counted anew when its servers elect a leader
 * (developer.hashicorp.com/consul/docs/automate/session).
 */
export const SESSION_MS = 10_000;
/**
 * After a session has ended with its lock, nobody gets the lock for this long. So a node that has
 * seen that it holds the lock may rely on it for this long, even if the session ends right then: by
 * an operator, with a removed Consul node, or because it was renewed at a deposed leader. A
 * released lock is free at once.
 */
const LOCK_DELAY_MS = SESSION_MS;
/** A renewal that hangs leaves time for another. */
const LOCK_REQUEST_MS = 2_000;
/** The longest that a follower on a dead connection may not notice that the lock is free. */
const WATCH_WAIT_MS = 10_000;
const SESSION_ID = /^[0-9a-f-]{36}$/i;
/** The id of a node, or another name in the key. */
const NODE_ID = /^[\x21-\x7e]{1,64}$/;

/** The value that a holder writes into the key. */
export interface Holder {
  readonly node_id: string;
  /** New at each start: distinguishes two processes with one node id. */
  readonly boot: string;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly key: string;
  /** What others read about this node. */
  readonly holder: Holder;
}

/** The content of the key. */
export interface LockView {
  /** The session that holds it; undefined if none does. */
  readonly session: string | undefined;
  /** The author of the value, as far as it can be read. */
  readonly holder: string;
}

/** The result of an attempt: since when the lock is held, or why it is not. */
export type Attempt = Instant | "taken" | "delayed";

const entriesSchema = once(() =>
  z
    .array(z.object({ Session: z.string().catch(""), Value: z.string().nullable().catch(null) }))
    .min(1),
);

/**
 * One key that one session at a time can hold (developer.hashicorp.com/consul/api-docs/kv,
 * `acquire` and `release`; …/api-docs/session). Rejects with ConsulError only.
 */
export class Lock {
  readonly #agent: ConsulAgent;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #holder: Holder;
  #session: string | undefined;

  constructor(agent: ConsulAgent, { clock, key, holder }: LockOptions) {
    this.#agent = agent;
    this.#clock = clock;
    this.#path = pathOf(key);
    this.#holder = holder;
  }

  /** This node's session, whether or not it holds the lock. */
  get session(): string | undefined {
    return this.#session;
  }

  /** Creates a session if there is none, and tries to acquire the lock with it. */
  async acquire(signal: AbortSignal): Promise<Attempt> {
    // The answer to an earlier attempt may have been lost.
    const before = await this.#read(signal);
    if (before.session !== undefined && before.session !== this.#session) return "taken";
    const since = nowBy(this.#clock);
    const id = await this.#liveSession(signal);
    const options = { body: this.#holder, signal, timeoutMs: LOCK_REQUEST_MS };
    const { json } = await this.#agent.put(`${this.#path}?acquire=${id}`, options);
    if (json === true) return since;
    if (json !== false) throw this.#agent.misread("true or false");
    const { session } = await this.#read(signal);
    return session === undefined ? "delayed" : "taken";
  }

  /**
   * Checks whether the lock is still held, then renews the session. Undefined if it is not held.
   * The order matters: a node whose check gets no answer must not keep renewing a lock that it
   * cannot use.
   */
  async confirm(signal: AbortSignal): Promise<Instant | undefined> {
    const id = this.#session;
    const since = nowBy(this.#clock);
    const { session } = await this.#read(signal);
    const isHeld = id !== undefined && session === id && (await this.#renew(id, signal));
    return isHeld ? since : undefined;
  }

  /** Releases the lock and ends the session. When it resolves, nothing is held. */
  async giveBack(signal: AbortSignal): Promise<void> {
    const id = this.#session;
    if (id === undefined) return;
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    // Released first: if a session ends while it holds the lock, the next holder is delayed.
    await this.#agent
      .put(`${this.#path}?release=${id}`, { ...options, body: this.#holder })
      .catch(() => {});
    await this.#agent.put(`/v1/session/destroy/${id}`, options);
    this.#session = undefined;
  }

  async #liveSession(signal: AbortSignal): Promise<string> {
    const id = this.#session;
    const isAlive = id !== undefined && (await this.#renew(id, signal));
    return isAlive ? id : this.#create(signal);
  }

  async #create(signal: AbortSignal): Promise<string> {
    const body = {
      Name: `hub lease of tankd node ${this.#holder.node_id}`,
      TTL: `${SESSION_MS / 1000}s`,
      LockDelay: `${LOCK_DELAY_MS / 1000}s`,
      // The key remains, with its last holder.
      Behavior: "release",
      // By default a session ends as soon as gossip suspects its agent: while the holder's time
      // still runs.
      NodeChecks: [],
    };
    const options = { body, signal, timeoutMs: LOCK_REQUEST_MS };
    const { json } = await this.#agent.put("/v1/session/create", options);
    if (!hasField(json, "ID") || typeof json.ID !== "string" || !SESSION_ID.test(json.ID)) {
      throw this.#agent.misread("session");
    }
    this.#session = json.ID;
    return json.ID;
  }

  /** False if Consul has ended the session. */
  async #renew(id: string, signal: AbortSignal): Promise<boolean> {
    const options = { signal, timeoutMs: LOCK_REQUEST_MS, accept: [404] };
    const { status } = await this.#agent.put(`/v1/session/renew/${id}`, options);
    if (status === 200) return true;
    this.#session = undefined;
    return false;
  }

  /** From the leader, after it has verified that it is the leader. */
  async #read(signal: AbortSignal): Promise<LockView> {
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    return (await readLock(this.#agent, `${this.#path}?consistent`, options)).value;
  }
}

/** The content of the key when it is newer than `index`. */
export function watchLock(
  agent: ConsulAgent,
  key: string,
  index: bigint | undefined,
  signal: AbortSignal,
): Promise<Indexed<LockView>> {
  return readLock(agent, pathOf(key), { index, signal, waitMs: WATCH_WAIT_MS });
}

async function readLock(
  agent: ConsulAgent,
  path: string,
  options: Parameters<ConsulAgent["query"]>[1],
): Promise<Indexed<LockView>> {
  const { index, value: reply } = await agent.query(path, { ...options, accept: [404] });
  // Nobody has ever held it, or somebody has deleted the key.
  if (reply.status === 404) return { index, value: { session: undefined, holder: "" } };
  const [entry] = entriesSchema().safeParse(reply.json).data ?? [];
  if (entry === undefined) throw agent.misread("key");
  const session = entry.Session === "" ? undefined : entry.Session;
  return { index, value: { session, holder: holderOf(entry.Value, session) } };
}

function holderOf(base64: string | null, session = ""): string {
  const id = nodeIdIn(Buffer.from(base64 ?? "", "base64").toString("utf8"));
  return id ?? `somebody else (session ${session.slice(0, 8)})`;
}

/** Undefined if it was not written by a node. */
function nodeIdIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const id = hasField(value, "node_id") ? value.node_id : undefined;
    return typeof id === "string" && NODE_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function pathOf(key: string): string {
  return `/v1/kv/${key.split("/").map(encodeURIComponent).join("/")}`;
}
