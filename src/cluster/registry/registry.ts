import { type Clock, rfc3339 } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ServerRecord } from "../server-record.ts";
import type { EntryWire, RegistryPosition } from "../wire.ts";
import type { Entry } from "./registry-entry.ts";
import { entryFromWire, entryToWire, statusAfter } from "./registry-entry.ts";

/** Entries in one answer to a ping; more follow with the next question. */
const DELTA_ENTRIES_MAX = 200;

export interface RegistryDelta {
  readonly of: string;
  readonly version: number;
  readonly more: boolean;
  readonly entries: EntryWire[];
}

/** What a registration says; the registry adds what only it knows. */
export type EntryInput = Omit<
  Entry,
  "status" | "offlineSinceMs" | "lastSeenMs" | "version" | "toldBy"
>;

/** Told of every entry that was put or removed; `entry` is undefined for a removal. */
export type RegistryListener = (key: string, entry: Entry | undefined) => void;

/**
 * The servers of the cluster as this node knows them, itself included. A hub's is the cluster's; a
 * worker's is a copy that the hub's changes keep up to date. Bounded; soft state throughout.
 */
export class Registry {
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #onChange: RegistryListener;
  /** In the order of their last change. */
  readonly #entries = new Map<string, Entry>();
  /** Entries that are gone, so that followers hear of it; the oldest give way. */
  readonly #removed = new Map<string, Entry>();
  #version = 0;

  constructor(clock: Clock, bootId: string, onChange: RegistryListener) {
    this.#clock = clock;
    this.#bootId = bootId;
    this.#onChange = onChange;
  }

  entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** By the shown server id, then by node id, then by the label that was asked for. */
  find(id: string): Entry | undefined {
    const all = this.entries();
    return (
      all.find((entry) => entry.record.server_id === id) ??
      this.#entries.get(id) ??
      all.find((entry) => entry.label === id)
    );
  }

  /** A server that has shown itself: new, or again. Undefined when there is no room. */
  put(input: EntryInput): Entry | undefined {
    const known = this.#entries.get(input.key);
    if (!known && !this.#makeRoom(input.record.signed)) return undefined;
    const now = rfc3339(this.#clock.wallMs());
    const entry: Entry = {
      ...input,
      record: {
        ...input.record,
        server_id: this.#freeLabel(input),
        registered_at: known?.record.registered_at ?? now,
        last_heartbeat: now,
        last_seen: now,
      },
      lastSeenMs: this.#clock.monotonicMs(),
      status: "online",
      offlineSinceMs: undefined,
      toldBy: undefined,
      version: 0,
    };
    return this.#set(entry);
  }

  /** Known from the last run; it stays what it was stored as. */
  restore(entry: Entry): void {
    if (this.#entries.has(entry.key)) return;
    if (this.#makeRoom(entry.record.signed)) this.#set(entry);
  }

  /** A heartbeat: the figures that came with it, and "I am here". */
  beat(key: string, figures: Partial<ServerRecord>): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const now = rfc3339(this.#clock.wallMs());
    const record = { ...entry.record, ...figures, last_heartbeat: now, last_seen: now };
    return this.#set({ ...revived(entry, this.#clock.monotonicMs()), record });
  }

  /** It has answered or asked something. Changes what followers see only if it was thought away. */
  see(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const last_seen = rfc3339(this.#clock.wallMs());
    const seen = revived(entry, this.#clock.monotonicMs());
    const next = { ...seen, record: { ...entry.record, last_seen } };
    if (entry.status === "online") this.#entries.set(key, next);
    else this.#set(next);
  }

  /** Changes fields of an entry. */
  amend(key: string, change: Partial<EntryInput>): void {
    const entry = this.#entries.get(key);
    if (entry) this.#set({ ...entry, ...change });
  }

  /** The hub's choice among equal labels holds in our own list too. */
  showAs(key: string, serverId: string): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.record.server_id === serverId) return;
    this.#set({ ...entry, record: { ...entry.record, server_id: serverId } });
  }

  markOffline(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.status === "offline") return;
    this.#set({ ...entry, status: "offline", offlineSinceMs: this.#clock.monotonicMs() });
  }

  remove(key: string): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    this.#removed.delete(key);
    this.#removed.set(key, { ...entry, version: ++this.#version });
    const oldest = this.#removed.keys().next().value;
    if (this.#removed.size > LIMITS.serversMax && oldest !== undefined) {
      this.#removed.delete(oldest);
    }
    this.#onChange(key, undefined);
    return true;
  }

  /**
   * Judges every server but `selfKey` by its silence and forgets those that were away too long. What
   * the present hub (`toldBy`) vouches for is left to it.
   */
  age(selfKey: string, vouching: string | undefined, pruneAfterMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const entry of this.entries()) {
      if (entry.key === selfKey) continue;
      if (vouching !== undefined && entry.toldBy === vouching) continue;
      if (entry.offlineSinceMs !== undefined) {
        if (nowMs - entry.offlineSinceMs > pruneAfterMs) this.remove(entry.key);
        continue;
      }
      const status = statusAfter(nowMs - entry.lastSeenMs, entry.intervalMs);
      if (status === "offline") this.markOffline(entry.key);
      else if (status !== entry.status) this.#set({ ...entry, status });
    }
  }

  /** What has changed since a follower's position; everything if it followed another registry. */
  delta(position: RegistryPosition): RegistryDelta {
    const since = position.of === this.#bootId ? position.version : 0;
    if (since === this.#version) {
      return { of: this.#bootId, version: since, more: false, entries: [] };
    }
    const present = this.entries().filter(({ version }) => version > since);
    const gone = since === 0 ? [] : [...this.#removed.values()].filter((e) => e.version > since);
    const changed = [
      ...present.map((entry) => ({ entry, removed: false })),
      ...gone.map((entry) => ({ entry, removed: true })),
    ].sort((a, b) => a.entry.version - b.entry.version);
    const page = changed.slice(0, DELTA_ENTRIES_MAX);
    const more = changed.length > page.length;
    return {
      of: this.#bootId,
      version: more ? (page.at(-1)?.entry.version ?? since) : this.#version,
      more,
      entries: page.map(({ entry, removed }) => entryToWire(entry, removed)),
    };
  }

  /** Takes over what the hub has told; what we know of ourselves (`selfKey`) is ours alone. */
  apply(entries: readonly EntryWire[], toldBy: string, selfKey: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const wire of entries) {
      if (wire.key === selfKey) {
        this.showAs(selfKey, wire.record.server_id);
      } else if (wire.removed) {
        this.remove(wire.key);
      } else if (this.#entries.has(wire.key) || this.#makeRoom(wire.record.signed)) {
        this.#set({ ...entryFromWire(wire, nowMs), toldBy });
      }
    }
  }

  #set(entry: Entry): Entry {
    const stamped = { ...entry, version: ++this.#version };
    this.#entries.delete(entry.key);
    this.#removed.delete(entry.key);
    this.#entries.set(entry.key, stamped);
    this.#onChange(entry.key, stamped);
    return stamped;
  }

  /** The label itself for the first who asks; for a later one with the beginning of its node id. */
  #freeLabel(input: EntryInput): string {
    const shown = this.#entries.get(input.key)?.record.server_id;
    const taken = (name: string) =>
      this.entries().some((one) => one.key !== input.key && one.record.server_id === name);
    if (shown?.startsWith(input.label) && !taken(shown)) return shown;
    if (!taken(input.label)) return input.label;
    const suffix = `-${input.key.replace(/^unsigned:/, "").slice(0, 6)}`;
    return `${input.label.slice(0, LIMITS.nameCharactersMax - suffix.length)}${suffix}`;
  }

  /**
   * The server that has been away longest gives way to a new one. Those that are here do not, but
   * for those without a key, of which anybody can invent any number, to one that has signed.
   */
  #makeRoom(forSigned: boolean): boolean {
    if (this.#entries.size < LIMITS.serversMax) return true;
    const away = this.entries().filter((entry) => entry.offlineSinceMs !== undefined);
    const longest = away.sort((a, b) => (a.offlineSinceMs ?? 0) - (b.offlineSinceMs ?? 0))[0];
    if (longest) return this.remove(longest.key);
    const unsigned = forSigned ? this.entries().filter(({ record }) => !record.signed) : [];
    const [silent] = unsigned.sort((a, b) => a.lastSeenMs - b.lastSeenMs);
    return silent ? this.remove(silent.key) : false;
  }
}

function revived(entry: Entry, nowMs: number): Entry {
  return { ...entry, lastSeenMs: nowMs, status: "online", offlineSinceMs: undefined };
}
