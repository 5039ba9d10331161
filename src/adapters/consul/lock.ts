import { z } from "zod";
import { type Instant, nowBy } from "../../cluster/membership/certainty.ts";
import type { Clock } from "../../platform/clock.ts";
import { once } from "../../platform/once.ts";
import { type ConsulAgent, hasField, type Indexed } from "./agent.ts";

/**
 * The shortest session that Consul allows. It ends one that was not renewed for this long at the
 * earliest, and after twice as long at the latest, counted anew when its servers elect a leader
 * (developer.hashicorp.com/consul/docs/automate/session).
 */
export const SESSION_MS = 10_000;
/**
 * After a session has ended with its lock, nobody gets that for this long. So a node that has seen
 * the lock as its own may rely on it for this long, even if the session ends right then: by an
 * operator, with a Consul node that is removed, or because it was renewed at a leader that was
 * deposed. A lock that was given back is free at once.
 */
const LOCK_DELAY_MS = SESSION_MS;
/** A renewal that hangs leaves time for another. */
const LOCK_REQUEST_MS = 2_000;
/** How long a follower may miss that the lock is free, where its connection is dead in silence. */
const WATCH_WAIT_MS = 10_000;
const SESSION_ID = /^[0-9a-f-]{36}$/i;
/** The id of a node, or of whatever else calls itself so in the key. */
const NODE_ID = /^[\x21-\x7e]{1,64}$/;

/** What a holder writes into the key. */
export interface Holder {
  readonly node_id: string;
  /** New at each start: two processes with one node id are told apart. */
  readonly boot: string;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly key: string;
  /** What others read of us. */
  readonly holder: Holder;
}

/** What is at the key. */
export interface LockView {
  /** That holds it; undefined where none does. */
  readonly session: string | undefined;
  /** Who wrote itself in, as far as it can be read. */
  readonly holder: string;
}

/** What became of an attempt: since when it is held, or why it is not. */
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

  /** Ours, whether it holds the lock or not. */
  get session(): string | undefined {
    return this.#session;
  }

  /** Starts a session where there is none, and tries to lock with it. */
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
   * Looks whether it is still held, and renews the session. Undefined where it is not. In this
   * order: who asks and hears no answer must not go on renewing what it cannot use.
   */
  async confirm(signal: AbortSignal): Promise<Instant | undefined> {
    const id = this.#session;
    const since = nowBy(this.#clock);
    const { session } = await this.#read(signal);
    const isHeld = id !== undefined && session === id && (await this.#renew(id, signal));
    return isHeld ? since : undefined;
  }

  /** Gives up what is held, and the session. Nothing is held where it resolves. */
  async giveBack(signal: AbortSignal): Promise<void> {
    const id = this.#session;
    if (id === undefined) return;
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    // Released first: a lock whose session is ended while it holds is delayed for the next one.
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
      // The key stays, with who held it last.
      Behavior: "release",
      // By default a session ends as soon as gossip suspects its agent: within the holder's time.
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

  /** False where Consul has ended the session. */
  async #renew(id: string, signal: AbortSignal): Promise<boolean> {
    const options = { signal, timeoutMs: LOCK_REQUEST_MS, accept: [404] };
    const { status } = await this.#agent.put(`/v1/session/renew/${id}`, options);
    if (status === 200) return true;
    this.#session = undefined;
    return false;
  }

  /** From the leader, after it has made sure that it is one. */
  async #read(signal: AbortSignal): Promise<LockView> {
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    return (await readLock(this.#agent, `${this.#path}?consistent`, options)).value;
  }
}

/** What is at the key when it is newer than `index`. */
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

/** Undefined where it was not written by a node. */
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
