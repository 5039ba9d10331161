import { type Clock, rfc3339 } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { ServerRecord, ServerStatus } from "../server-record.ts";
import type { RegistryDelta, RegistryPosition } from "../wire.ts";
import { RegistryChanges } from "./registry-changes.ts";
import {
  type Entry,
  type EntryInput,
  entryFromWire,
  entryToText,
  isUnsignedKey,
  statusAfter,
} from "./registry-entry.ts";
import { shownName } from "./registry-names.ts";
import { whoGivesWay } from "./registry-room.ts";

export interface RegistryDeps {
  /**
   * Holds the entries: `Peer.registration`. Its `onForgotten` tells {@link Registry.noteForgotten}.
   */
  readonly peers: PeerTable;
  readonly clock: Clock;
  readonly bootId: string;
  readonly nodeId: string;
  /** Told of every entry that was changed or removed; `entry` is undefined for a removal. */
  readonly onChange: (key: string, entry: Entry | undefined) => void;
}

/**
 * The servers of the cluster as this node knows them, itself included. A hub's is the cluster's; a
 * worker's is a copy that the hub's changes keep up to date. Bounded; soft state throughout. The
 * entries lie in the peer table, so that whoever leaves that leaves the list; only our own,
 * which is no peer, is kept here.
 */
export class Registry {
  readonly #deps: RegistryDeps;
  #own: Entry | undefined;
  readonly #changes: RegistryChanges;
  /** The hub whose word on the others has held last, by its boot id, and until when. */
  #vouched: { readonly by: string; readonly untilMs: number } | undefined;

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
    this.#changes = new RegistryChanges(deps.clock.monotonicMs());
  }

  entries(): readonly Entry[] {
    const entries = this.#own ? [this.#own] : [];
    for (const { registration } of this.#deps.peers.all()) {
      if (registration) entries.push(registration);
    }
    return entries;
  }

  get(key: string): Entry | undefined {
    return key === this.#deps.nodeId ? this.#own : this.#deps.peers.get(key)?.registration;
  }

  /** By node id, then by the shown server id, then by the label that was asked for. */
  find(id: string): Entry | undefined {
    const all = this.entries();
    return (
      this.get(id) ??
      all.find((entry) => entry.record.server_id === id) ??
      all.find((entry) => entry.label === id)
    );
  }

  /**
   * A server that has shown itself: new, or again. Undefined when there is no room. Of a newcomer
   * `source` is the IP whose share of the table it takes; without one it is limited by the whole
   * only. A registration that repeats the last one is a heartbeat.
   */
  put(input: EntryInput, source?: string): Entry | undefined {
    const known = this.get(input.key);
    if (!known && !this.#makeRoom(input.key, source)) return undefined;
    const now = this.#now();
    const { name, displaced } = shownName(input, this.entries());
    for (const { entry, suffixed } of displaced) {
      this.#change({ ...entry, record: { ...entry.record, server_id: suffixed } });
    }
    const next: Entry = {
      ...input,
      record: {
        ...input.record,
        server_id: name,
        registered_at: known?.record.registered_at ?? now,
        last_heartbeat: now,
        last_seen: now,
      },
      lastSeenMs: this.#nowMs(),
      status: "online",
      offlineSinceMs: undefined,
      toldBy: undefined,
      version: known?.version ?? 0,
      figuresVersion: known?.figuresVersion ?? 0,
    };
    return known && saysTheSame(known, next) ? this.#refresh(next) : this.#change(next);
  }

  /** Known from the last run; it stays what it was stored as. */
  restore(entry: Entry): void {
    if (this.get(entry.key) || this.entries().length >= LIMITS.serversMax) return;
    // Its share was judged when it came.
    if (this.#deps.peers.ensure(entry.key)) this.#change(entry);
  }

  /** A heartbeat: the figures that came with it, and "I am here". */
  beat(key: string, figures: Partial<ServerRecord>): Entry | undefined {
    const entry = this.get(key);
    if (!entry) return undefined;
    const now = this.#now();
    const record = { ...entry.record, ...figures, last_heartbeat: now, last_seen: now };
    const next = { ...this.#revived(entry), record };
    return saysTheSame(entry, next) ? this.#refresh(next) : this.#change(next);
  }

  /** It has answered or asked something. Changes what followers see only if it was thought away. */
  see(key: string): void {
    const entry = this.get(key);
    if (!entry) return;
    const next = this.#revived({ ...entry, record: { ...entry.record, last_seen: this.#now() } });
    if (entry.status === "online") this.#store(next);
    else this.#change(next);
  }

  /** Changes fields of an entry. */
  amend(key: string, change: Partial<EntryInput>): void {
    const entry = this.get(key);
    if (entry) this.#change({ ...entry, ...change });
  }

  /** The hub's choice among equal labels holds in our own list too. */
  showAs(key: string, serverId: string): void {
    const entry = this.get(key);
    if (!entry || entry.record.server_id === serverId) return;
    this.#change({ ...entry, record: { ...entry.record, server_id: serverId } });
  }

  markOffline(key: string): void {
    const entry = this.get(key);
    if (entry) this.#judge(entry, "offline");
  }

  /** Takes a server off the list. What else is known of a node stays in the table. */
  remove(key: string): boolean {
    const { peers, nodeId } = this.#deps;
    if (!this.get(key)) return false;
    if (key === nodeId) this.#own = undefined;
    else if (isUnsignedKey(key)) peers.forget(key);
    else peers.update(key, { registration: undefined });
    // Forgetting has noted it already.
    if (!this.#changes.hasRemoved(key)) this.#noteRemoved(key);
    return true;
  }

  /** The table has forgotten a peer. */
  noteForgotten({ id, registration }: Peer): void {
    if (registration) this.#noteRemoved(id);
  }

  /**
   * Judges every server but ourselves by its silence and forgets those that were away too long.
   * What the present hub (`vouching`, its boot id) vouches for is left to it. Figures go out from
   * time to time.
   */
  age(vouching: string | undefined, pruneAfterMs: number): void {
    const nowMs = this.#nowMs();
    if (vouching !== undefined) this.#vouched = { by: vouching, untilMs: nowMs };
    for (const entry of this.entries()) {
      if (entry.key === this.#deps.nodeId) continue;
      if (vouching !== undefined && entry.toldBy === vouching) {
        this.#judge(entry, entry.record.status);
      } else if (entry.offlineSinceMs === undefined) {
        this.#judge(entry, statusAfter(nowMs - this.#lastSeenMs(entry), entry.intervalMs));
      } else if (nowMs - entry.offlineSinceMs > pruneAfterMs) {
        this.remove(entry.key);
      }
    }
    for (const { key, version } of this.#changes.takeFigures(nowMs)) {
      const entry = this.get(key);
      if (entry) this.#store({ ...entry, figuresVersion: version });
    }
  }

  /** What has changed since a follower's position; everything if it followed another registry. */
  delta(position: RegistryPosition): RegistryDelta {
    return this.#changes.since(position, this.#deps.bootId, this.entries());
  }

  /** Takes over what the hub has told; what we know of ourselves is ours alone. */
  apply({ of, whole, entries, figures, removed }: RegistryDelta): void {
    const { nodeId } = this.#deps;
    // What it does not name any more has left; it is judged by its silence from now on.
    for (const entry of whole ? this.entries() : []) {
      if (entry.toldBy !== of) continue;
      this.#store({ ...entry, toldBy: undefined, lastSeenMs: this.#lastSeenMs(entry) });
    }
    for (const key of removed) if (key !== nodeId) this.remove(key);
    for (const wire of entries) {
      if (wire.key === nodeId) {
        this.showAs(nodeId, wire.record.server_id);
      } else if (this.get(wire.key) || this.#makeRoom(wire.key, undefined)) {
        this.#change({ ...entryFromWire(wire, this.#nowMs()), toldBy: of });
      }
    }
    for (const { key, figures: told } of figures) {
      const entry = key === nodeId ? undefined : this.get(key);
      if (entry) this.#refresh({ ...entry, record: { ...entry.record, ...told } });
    }
  }

  /**
   * Whether the server has answered where it was dialled: nobody can make up any number of those.
   */
  isConfirmed(key: string): boolean {
    const { peers, nodeId } = this.#deps;
    if (key === nodeId) return true;
    const peer = peers.get(key);
    const standing = peer && peers.standingOf(peer);
    return standing !== undefined && standing !== "nominated" && standing !== "stranger";
  }

  #judge(entry: Entry, status: ServerStatus): void {
    if (status === entry.status) return;
    const offlineSinceMs = status === "offline" ? this.#nowMs() : undefined;
    this.#change({ ...entry, status, offlineSinceMs });
  }

  /** Of what a hub has told us of, we have had no word of our own for as long as it vouched. */
  #lastSeenMs({ lastSeenMs, toldBy }: Entry): number {
    const vouched = this.#vouched?.by === toldBy ? this.#vouched?.untilMs : undefined;
    return Math.max(lastSeenMs, vouched ?? lastSeenMs);
  }

  /** Stores what changes nothing that followers must hear of at once. */
  #refresh(entry: Entry): Entry {
    this.#changes.noteFigures(entry.key);
    this.#store(entry);
    return entry;
  }

  #change(entry: Entry): Entry {
    const stamped = { ...entry, version: this.#changes.noteChanged(entry.key) };
    this.#store(stamped);
    this.#deps.onChange(entry.key, stamped);
    return stamped;
  }

  #store(entry: Entry): void {
    if (entry.key === this.#deps.nodeId) this.#own = entry;
    else this.#deps.peers.update(entry.key, { registration: entry });
  }

  #noteRemoved(key: string): void {
    this.#changes.noteRemoved(key);
    this.#deps.onChange(key, undefined);
  }

  #revived(entry: Entry): Entry {
    return { ...entry, lastSeenMs: this.#nowMs(), status: "online", offlineSinceMs: undefined };
  }

  /** A place in the table and on the list. */
  #makeRoom(key: string, source: string | undefined): boolean {
    const { peers, nodeId } = this.#deps;
    if (key === nodeId) return true;
    const isNew = !peers.get(key);
    if (!peers.ensure(key, source)) return false;
    const entries = this.entries();
    if (entries.length < LIMITS.serversMax) return true;
    const others = entries.filter((entry) => entry.key !== nodeId);
    const loser = whoGivesWay(others, (one) => this.isConfirmed(one));
    if (loser) return this.remove(loser.key);
    if (isNew) peers.forget(key);
    return false;
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  #now(): string {
    return rfc3339(this.#deps.clock.wallMs());
  }
}

function saysTheSame(a: Entry, b: Entry): boolean {
  return (
    a.status === b.status &&
    a.record.status_reason === b.record.status_reason &&
    entryToText(a) === entryToText(b)
  );
}
