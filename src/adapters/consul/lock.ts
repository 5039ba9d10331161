import { z } from "zod";
import type { Clock } from "../../platform/clock.ts";
import { once } from "../../platform/once.ts";
import { type ConsulAgent, hasField, type Indexed } from "./agent.ts";
import { type Instant, nowBy } from "./certainty.ts";

/**
 * The shortest session that Consul allows. It ends one that was not renewed for this long at the
 * earliest, and after twice as long at the latest, counted anew when its servers elect a leader
 * (developer.hashicorp.com/consul/docs/automate/session).
 */
export const SESSION_MS = 10_000;
/**
 * After a session was ended by force (an operator, a node that is removed from the catalog) nobody
 * gets the lock for this long: its holder may not have heard, and believes in it for no longer. A
 * lock that was given back is free at once.
 */
const LOCK_DELAY_MS = SESSION_MS;
/** A renewal that hangs leaves time for another. */
const LOCK_REQUEST_MS = 2_000;
/** How long a follower may miss that the lock is free, where its connection is dead in silence. */
const WATCH_WAIT_MS = 10_000;
/** A holder as it is written by us, and as long as one may be. */
const HOLDER_CHARACTERS_MAX = 64;

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
  readonly #value: unknown;
  #session: string | undefined;

  /** @param holder what others read of us */
  constructor(
    agent: ConsulAgent,
    {
      clock,
      key,
      holder,
    }: { readonly clock: Clock; readonly key: string; readonly holder: Holder },
  ) {
    this.#agent = agent;
    this.#clock = clock;
    this.#path = pathOf(key);
    this.#value = holder;
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
    const { id, since } = await this.#liveSession(signal);
    const options = { body: this.#value, signal, timeoutMs: LOCK_REQUEST_MS };
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
    const { session } = await this.#read(signal);
    return id === undefined || session !== id ? undefined : this.#renew(id, signal);
  }

  /** Gives up what is held, and the session. Nothing is held where it resolves. */
  async giveBack(signal: AbortSignal): Promise<void> {
    const id = this.#session;
    if (id === undefined) return;
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    // Released first: a lock whose session is ended while it holds is delayed for the next one.
    await this.#agent
      .put(`${this.#path}?release=${id}`, { ...options, body: this.#value })
      .catch(() => {});
    await this.#agent.put(`/v1/session/destroy/${id}`, options);
    this.#session = undefined;
  }

  async #liveSession(
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly since: Instant }> {
    const id = this.#session;
    const since = id === undefined ? undefined : await this.#renew(id, signal);
    return id === undefined || since === undefined ? this.#create(signal) : { id, since };
  }

  async #create(signal: AbortSignal): Promise<{ readonly id: string; readonly since: Instant }> {
    const body = {
      Name: "the hub of tankd",
      TTL: `${SESSION_MS / 1000}s`,
      LockDelay: `${LOCK_DELAY_MS / 1000}s`,
      // The key stays, with who held it last.
      Behavior: "release",
      // By default a session ends as soon as gossip suspects its agent: within the holder's time.
      NodeChecks: [],
    };
    const since = nowBy(this.#clock);
    const options = { body, signal, timeoutMs: LOCK_REQUEST_MS };
    const { json } = await this.#agent.put("/v1/session/create", options);
    if (!hasField(json, "ID") || typeof json.ID !== "string" || !SESSION_ID.test(json.ID)) {
      throw this.#agent.misread("session");
    }
    this.#session = json.ID;
    return { id: json.ID, since };
  }

  /** Undefined where Consul has ended the session. */
  async #renew(id: string, signal: AbortSignal): Promise<Instant | undefined> {
    const since = nowBy(this.#clock);
    const options = { signal, timeoutMs: LOCK_REQUEST_MS, accept: [404] };
    const { status } = await this.#agent.put(`/v1/session/renew/${id}`, options);
    if (status === 200) return since;
    this.#session = undefined;
    return undefined;
  }

  /** From the leader, after it has made sure that it is one. */
  async #read(signal: AbortSignal): Promise<LockView> {
    const options = { signal, timeoutMs: LOCK_REQUEST_MS };
    return (await readLock(this.#agent, `${this.#path}?consistent`, options)).value;
  }
}

/** What a holder writes into the key. */
export interface Holder {
  readonly node_id: string;
  /** New at each start: two processes with one node id are told apart. */
  readonly boot: string;
}

const SESSION_ID = /^[0-9a-f-]{36}$/i;

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
  const foreign = `somebody else (session ${session.slice(0, 8)})`;
  try {
    const value: unknown = JSON.parse(Buffer.from(base64 ?? "", "base64").toString("utf8"));
    const id = hasField(value, "node_id") ? value.node_id : undefined;
    const isWord = typeof id === "string" && /^[\x21-\x7e]+$/.test(id);
    return isWord && id.length <= HOLDER_CHARACTERS_MAX ? id : foreign;
  } catch {
    return foreign;
  }
}

function pathOf(key: string): string {
  return `/v1/kv/${key.split("/").map(encodeURIComponent).join("/")}`;
}
