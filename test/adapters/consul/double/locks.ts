import { randomHex } from "../../../../src/platform/random.ts";
import type { Cancel } from "../../../../src/platform/timers.ts";
import type { Found, ServerState } from "./state.ts";
import { durationField, fieldsOf, listField, Refusal, readFields, textField } from "./wire.ts";

interface Session {
  readonly id: string;
  readonly name: string;
  readonly ttl: string;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
  readonly behavior: "release" | "delete";
  readonly checks: readonly string[];
  readonly index: number;
  cancelExpiry: Cancel;
}

interface Entry {
  readonly key: string;
  value: string;
  flags: bigint;
  session: string;
  lockIndex: number;
  readonly createIndex: number;
  modifyIndex: number;
}

const TTL_MIN_MS = 10_000;
const TTL_MAX_MS = 86_400_000;
const LOCK_DELAY_DEFAULT_MS = 15_000;
/** A lock delay below a microsecond was meant in seconds. */
const LOCK_DELAY_LEAST_MS = 0.001;
const SERF_HEALTH = "serfHealth";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Where a key may not be read in several versions, it may in none of them. */
const KEY = /^(?!\/)[A-Za-z0-9,_./-]+$/;

/** What becomes of a write with `acquire` or `release`. */
export type KeyWrite = { readonly kind: "set" | "acquire" | "release"; readonly session: string };

/** Sessions, and the keys that they lock. */
export class Locks {
  readonly #state: ServerState;
  readonly #sessions = new Map<string, Session>();
  readonly #entries = new Map<string, Entry>();
  /** Monotonic: until when nobody may lock a key. */
  readonly #delayedUntilMs = new Map<string, number>();
  /** The highest index of any change of a key. */
  #keysIndex = 0;
  ttlMinMs = TTL_MIN_MS;
  /**
   * After how many times its TTL a session ends that is not renewed: the contract says one at the
   * least, and Consul waits for two.
   */
  ttlFactor = 2;
  /** Consul caps lock delays at a minute; 0 for none, to see what holds without them. */
  lockDelayMaxMs = 60_000;

  constructor(state: ServerState) {
    this.#state = state;
  }

  get sessionIds(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  create(body: string): string {
    const fields = body === "" ? fieldsOf({}) : readFields(body);
    const behavior = textField(fields, "behavior") || "release";
    if (behavior !== "release" && behavior !== "delete") {
      throw new Refusal(500, `Invalid Behavior setting '${behavior}'`);
    }
    const ttl = textField(fields, "ttl");
    const ttlMs = ttl === "" ? 0 : (durationField(fields, "ttl") ?? 0);
    if (ttlMs !== 0 && (ttlMs < this.ttlMinMs || ttlMs > TTL_MAX_MS)) {
      const between = `[${this.ttlMinMs / 1000}s=24h0m0s]`;
      throw new Refusal(500, `Invalid Session TTL '${ttlMs * 1e6}', must be between ${between}`);
    }
    const checks = listField(fields, "nodechecks") ?? listField(fields, "checks") ?? [SERF_HEALTH];
    const missing = checks.find((check) => check !== SERF_HEALTH);
    if (missing !== undefined) throw new Refusal(500, `Missing check '${missing}' registration`);
    const delayMs = durationField(fields, "lockdelay") ?? LOCK_DELAY_DEFAULT_MS;
    const session: Session = {
      id: uuid(randomHex(this.#state.ports.random, 16)),
      name: textField(fields, "name"),
      ttl,
      ttlMs,
      lockDelayMs: delayMs < LOCK_DELAY_LEAST_MS ? delayMs * 1e9 : delayMs,
      behavior,
      checks,
      index: this.#state.advance("session"),
      cancelExpiry: () => {},
    };
    this.#sessions.set(session.id, session);
    this.#restartTimer(session);
    return session.id;
  }

  /** Undefined where there is none. */
  renew(id: string): unknown {
    checkUuid(id);
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    this.#restartTimer(session);
    return [shown(session)];
  }

  info(id: string): readonly unknown[] {
    checkUuid(id);
    const session = this.#sessions.get(id);
    return session ? [shown(session)] : [];
  }

  /** Fine where there is none. */
  destroy(id: string): void {
    checkUuid(id);
    const session = this.#sessions.get(id);
    if (!session) return;
    session.cancelExpiry();
    this.#sessions.delete(id);
    this.#state.advance("session");
    for (const entry of [...this.#entries.values()]) {
      if (entry.session !== id) continue;
      const { clock } = this.#state.ports;
      const delayMs = Math.min(session.lockDelayMs, this.lockDelayMaxMs);
      if (delayMs > 0) this.#delayedUntilMs.set(entry.key, clock.monotonicMs() + delayMs);
      if (session.behavior === "delete") this.#remove(entry.key);
      else this.#store(entry, { session: "" });
    }
  }

  /** A new leader does not know when sessions were renewed: each gets its whole time again. */
  restartTimers(): void {
    for (const session of this.#sessions.values()) this.#restartTimer(session);
  }

  /** Gossip suspects the agent's node: sessions that are bound to its health end. */
  suspectNode(): void {
    for (const { id, checks } of [...this.#sessions.values()]) {
      if (checks.includes(SERF_HEALTH)) this.destroy(id);
    }
  }

  get(key: string): Found<unknown> {
    checkKey(key);
    const entry = this.#entries.get(key);
    if (!entry) return { index: this.#keysIndex, value: undefined };
    return { index: entry.modifyIndex, value: entryShown(entry) };
  }

  /** Whether it was written. */
  put(key: string, body: string, flags: bigint, write: KeyWrite): boolean {
    checkKey(key);
    const { kind, session } = write;
    const existing = this.#entries.get(key);
    const value = Buffer.from(body).toString("base64");
    if (kind === "set") {
      this.#store(existing ?? this.#newEntry(key), { value, flags });
      return true;
    }
    if (session === "") throw new Refusal(500, "missing session");
    if (kind === "release") {
      if (!existing || existing.session !== session) return false;
      this.#store(existing, { value, flags, session: "" });
      return true;
    }
    const { clock } = this.#state.ports;
    if ((this.#delayedUntilMs.get(key) ?? 0) > clock.monotonicMs()) return false;
    checkUuid(session);
    if (!this.#sessions.has(session)) throw new Refusal(500, `invalid session "${session}"`);
    if (existing && existing.session !== "" && existing.session !== session) return false;
    const entry = existing ?? this.#newEntry(key);
    const lockIndex = entry.lockIndex + (entry.session === session ? 0 : 1);
    this.#store(entry, { value, flags, session, lockIndex });
    return true;
  }

  delete(key: string): void {
    checkKey(key);
    if (this.#entries.has(key)) this.#remove(key);
  }

  #restartTimer(session: Session): void {
    session.cancelExpiry();
    if (session.ttlMs === 0) return;
    const { timers } = this.#state.ports;
    const expire = () => this.destroy(session.id);
    session.cancelExpiry = timers.after(session.ttlMs * this.ttlFactor, expire);
  }

  #newEntry(key: string): Entry {
    const createIndex = this.#state.index + 1;
    const entry = { key, value: "", flags: 0n, session: "", lockIndex: 0 };
    return { ...entry, createIndex, modifyIndex: 0 };
  }

  #store(entry: Entry, change: Partial<Entry>): void {
    const same = Object.entries(change).every(
      ([key, value]) => entry[key as keyof Entry] === value,
    );
    // A write that changes nothing leaves the index.
    if (same && entry.modifyIndex !== 0) return;
    Object.assign(entry, change);
    entry.modifyIndex = this.#state.advance(`kv/${entry.key}`);
    this.#keysIndex = entry.modifyIndex;
    this.#entries.set(entry.key, entry);
  }

  #remove(key: string): void {
    this.#entries.delete(key);
    this.#keysIndex = this.#state.advance(`kv/${key}`);
  }
}

function uuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function checkUuid(id: string): void {
  if (UUID.test(id)) return;
  throw new Refusal(500, "failed session lookup: index error: UUID must be 36 characters");
}

function checkKey(key: string): void {
  if (key === "") throw new Refusal(400, "Missing key name");
  if (!KEY.test(key) || key.includes("../")) {
    throw new Refusal(400, "key contains invalid character");
  }
}

function shown({ id, name, ttl, lockDelayMs, behavior, checks, index }: Session) {
  return {
    ID: id,
    Name: name,
    Node: "double",
    LockDelay: lockDelayMs * 1e6,
    Behavior: behavior,
    TTL: ttl,
    NodeChecks: checks,
    ServiceChecks: null,
    CreateIndex: index,
    ModifyIndex: index,
  };
}

function entryShown(entry: Entry) {
  return {
    LockIndex: entry.lockIndex,
    Key: entry.key,
    Flags: entry.flags,
    Value: entry.value === "" ? null : entry.value,
    ...(entry.session === "" ? {} : { Session: entry.session }),
    CreateIndex: entry.createIndex,
    ModifyIndex: entry.modifyIndex,
  };
}
