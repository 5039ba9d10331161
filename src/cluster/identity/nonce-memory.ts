import { LIMITS } from "../../platform/limits.ts";
import { OwnRoom, type Room, SharedRoom } from "../../platform/room.ts";

interface KeyMemory {
  /** Nonce → created, oldest first. */
  readonly nonces: Map<string, number>;
  /** The latest `created`. */
  latest: number;
  /** Requests created at or before this second are refused: their nonces were forgotten. */
  forgottenUntil: number;
  /** The room that its place belongs to. */
  room: Room;
}

/** `crowded`: there is no room to remember the node, so its request may be a replay. */
export type NonceUse = "fresh" | "used" | "crowded";

/** 200 requests a second (LIMITS.peerRequestsPerSecond) for a minute and a half. */
const NONCES_PER_NODE_MAX = 16_384;
/** The same for a key that anybody could make: a minute of pings. */
const NONCES_PER_STRANGER_MAX = 64;

/**
 * Remembers the nonces that each node has used. The memory is bounded, and no replay passes. When a
 * node's memory is full, its oldest nonces are dropped, and with them every request of that age is
 * refused. No node is evicted for another while its requests could be replayed. Strangers for whom
 * there is no room are refused, and those of one source have a share. Known nodes have room of
 * their own.
 */
export class NonceMemory {
  readonly #isKnown: (nodeId: string) => boolean;
  readonly #nodes = new Map<string, KeyMemory>();
  readonly #known = new OwnRoom(LIMITS.peersMax);
  readonly #strangers = new SharedRoom(
    LIMITS.strangersRememberedMax,
    LIMITS.strangersRememberedPerSourceMax,
  );

  #sweptTo = 0;

  /** @param isKnown whether the node is more than a key that anybody could make. */
  constructor(isKnown: (nodeId: string) => boolean = () => false) {
    this.#isKnown = isKnown;
  }

  /**
   * Whether this is the first use. `created` and `oldest` are in seconds; the caller refuses
   * everything before `oldest`.
   * @param source key of the share of the address that has sent the request, if it has one
   */
  admit(nodeId: string, nonce: string, created: number, oldest: number, source?: string): NonceUse {
    const memory = this.#memoryOf(nodeId, oldest, source);
    if (memory === undefined) return "crowded";
    if (created <= memory.forgottenUntil || memory.nonces.has(nonce)) return "used";
    memory.nonces.set(nonce, created);
    memory.latest = Math.max(memory.latest, created);
    const isKnown = memory.room === this.#known;
    forget(memory, oldest, isKnown ? NONCES_PER_NODE_MAX : NONCES_PER_STRANGER_MAX);
    return "fresh";
  }

  #memoryOf(nodeId: string, oldest: number, source?: string): KeyMemory | undefined {
    if (this.#nodes.get(nodeId)?.room !== this.#known && this.#isKnown(nodeId)) {
      if (this.#take(this.#known, oldest)) return this.#place(nodeId, this.#known);
    }
    const memory = this.#nodes.get(nodeId);
    if (memory) return memory;
    const room = this.#strangers.of(source);
    return this.#take(room, oldest) ? this.#place(nodeId, room) : undefined;
  }

  #place(nodeId: string, room: Room): KeyMemory {
    const before = this.#nodes.get(nodeId);
    before?.room.give(1);
    const memory = before ?? { nonces: new Map(), latest: 0, forgottenUntil: 0, room };
    memory.room = room;
    this.#nodes.set(nodeId, memory);
    return memory;
  }

  #take(room: Room, oldest: number): boolean {
    if (room.take(1)) return true;
    this.#forgetStale(oldest);
    return room.take(1);
  }

  /** Drops nodes all of whose requests are refused by age. */
  #forgetStale(oldest: number): void {
    if (oldest === this.#sweptTo) return;
    this.#sweptTo = oldest;
    for (const [nodeId, { latest, room }] of this.#nodes) {
      if (latest >= oldest) continue;
      this.#nodes.delete(nodeId);
      room.give(1);
    }
  }
}

/**
 * Nonces outside the window are refused by age and need not be remembered. Only those dropped for
 * lack of room raise `forgottenUntil`, so a clock that is set back does not lock a node out.
 */
function forget(memory: KeyMemory, oldest: number, noncesMax: number): void {
  for (const [nonce, created] of memory.nonces) {
    const full = memory.nonces.size > noncesMax;
    if (created >= oldest && !full) return;
    memory.nonces.delete(nonce);
    if (full) memory.forgottenUntil = Math.max(memory.forgottenUntil, created);
  }
}
