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
   * Contains the entries: `Peer.registration`. Its `onForgotten` calls {@link
   * Registry.noteForgotten}.
   */
  readonly peers: PeerTable;
  readonly clock: Clock;
  readonly bootId: string;
  readonly nodeId: string;
  /** Called for every entry that was changed or removed; `entry` is undefined for a removal. */
  readonly onChange: (key: string, entry: Entry | undefined) => void;
}

/**
 * The servers of the cluster as this node knows them, itself included. A hub's registry is the
 * cluster's; a worker's is a copy that the hub's changes keep current. Bounded; soft state
 * throughout. The entries are in the peer table, so a node that is removed there leaves the list;
 * only this node's own entry, which is not a peer's, is stored here.
 */
export class Registry {
  readonly #deps: RegistryDeps;
  #own: Entry | undefined;
  readonly #changes: RegistryChanges;
  /** The hub that vouched for others last, by its boot id, and until when. */
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
   * A server has made contact: a new one, or a listed one. Undefined if there is no room. `source`
   * is the IP whose share of the table a new entry takes; without one only the total limits it. A
   * registration that repeats the last one is a heartbeat.
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

  /** Known from the last run; it keeps its stored status. */
  restore(entry: Entry): void {
    if (this.get(entry.key) || this.entries().length >= LIMITS.serversMax) return;
    // Its share was checked when it was first listed.
    if (this.#deps.peers.ensure(entry.key)) this.#change(entry);
  }

  /** A heartbeat with its figures. */
  beat(key: string, figures: Partial<ServerRecord>): Entry | undefined {
    const entry = this.get(key);
    if (!entry) return undefined;
    const now = this.#now();
    const record = { ...entry.record, ...figures, last_heartbeat: now, last_seen: now };
    const next = { ...this.#revived(entry), record };
    return saysTheSame(entry, next) ? this.#refresh(next) : this.#change(next);
  }

  /** It has answered or asked something. Changes what followers see only if it was not online. */
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

  /** The hub's choice among equal labels also applies to this node's own list. */
  showAs(key: string, serverId: string): void {
    const entry = this.get(key);
    if (!entry || entry.record.server_id === serverId) return;
    this.#change({ ...entry, record: { ...entry.record, server_id: serverId } });
  }

  markOffline(key: string): void {
    const entry = this.get(key);
    if (entry) this.#judge(entry, "offline");
  }

  /** Removes a server from the list. Other knowledge about a node stays in the table. */
  remove(key: string): boolean {
    const { peers, nodeId } = this.#deps;
    if (!this.get(key)) return false;
    if (key === nodeId) this.#own = undefined;
    else if (isUnsignedKey(key)) peers.forget(key);
    else peers.update(key, { registration: undefined });
    // Removal from the table has noted it already.
    if (!this.#changes.hasRemoved(key)) this.#noteRemoved(key);
    return true;
  }

  /** The table has removed a peer. */
  noteForgotten({ id, registration }: Peer): void {
    if (registration) this.#noteRemoved(id);
  }

  /**
   * Updates the status of every server but this node by its silence, and removes those that were
   * offline too long. Servers for which the present hub (`vouching`, its boot id) vouches keep its
   * status. Figures are released from time to time.
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

  /** The changes since a follower's position; everything if it followed another registry. */
  delta(position: RegistryPosition): RegistryDelta {
    return this.#changes.since(position, this.#deps.bootId, this.entries());
  }

  /** Applies the hub's changes; the knowledge about this node itself stays its own. */
  apply({ of, whole, entries, figures, removed }: RegistryDelta): void {
    const { nodeId } = this.#deps;
    // Servers that a whole list does not name have left; from now on their silence counts.
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

  /** Whether the server has answered a dial: nobody can invent such servers. */
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

  /**
   * For a server that a hub has reported, silence counts only from the end of the hub's vouching.
   */
  #lastSeenMs({ lastSeenMs, toldBy }: Entry): number {
    const vouched = this.#vouched?.by === toldBy ? this.#vouched?.untilMs : undefined;
    return Math.max(lastSeenMs, vouched ?? lastSeenMs);
  }

  /** Stores a change that followers need not learn at once. */
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

  /** Makes room in the table and on the list. */
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
