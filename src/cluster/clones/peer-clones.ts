import type { Address } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Log } from "../../telemetry/log.ts";
import { CopyRefused, challengeBeside, type PresenceProof } from "./presence.ts";

/** One start of another node, as it has shown itself. */
export interface Contact {
  readonly nodeId: string;
  readonly bootId: string;
  /** Where it may be dialled, best first. */
  readonly addresses: readonly Address[];
  /** Undefined for a version that does not tell. */
  readonly uptimeMs: number | undefined;
  readonly held: boolean;
}

export interface PeerClonesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly nonce: () => string;
  /** Asks that start of a node for its signed word; undefined where nobody there can give it. */
  readonly ask: (
    nodeId: string,
    bootId: string,
    addresses: readonly Address[],
    challenge: string,
  ) => Promise<PresenceProof | undefined>;
  /** Shows the proof to the start at these addresses that it concerns. */
  readonly tell: (nodeId: string, addresses: readonly Address[], proof: PresenceProof) => void;
}

interface Known {
  readonly contact: Contact;
  readonly heardMs: number;
}

/** Whoever was silent for longer is not asked whether it still lives: a registry would call it offline. */
const ALIVE_MS = 90_000;

/**
 * Two starts of one node id that live at the same time, as only a third may see them: a hub, where
 * the two cannot dial each other. Nobody's word is taken for it. When a node shows itself in another
 * start and at another address than a moment ago, the old address is asked once who lives there;
 * meanwhile the new one is served, as after a plain restart. If both live, the later one is shown
 * what the earlier has signed, and is refused from then on.
 */
export class PeerClones {
  readonly #deps: PeerClonesDeps;
  /** The start of each node that counts, in the order in which they were heard of. */
  readonly #known = new Map<string, Known>();
  /** Later starts, by node and boot, with the proof to show them. */
  readonly #copies = new Map<string, PresenceProof>();
  readonly #examining = new Map<string, Promise<void>>();

  constructor(deps: PeerClonesDeps) {
    this.#deps = deps;
  }

  /**
   * A start of a node shows itself. @throws CopyRefused for one that is known to be the later of two,
   * Problem `directory_copied` for one that stands still while another may be alive. Where there is
   * something to find out it returns when that is over; whoever can wait asks again then.
   */
  admit(contact: Contact): Promise<void> | undefined {
    this.#refuseCopy(contact.nodeId, contact.bootId);
    const known = this.#known.get(contact.nodeId);
    const isNews = known && known.contact.bootId !== contact.bootId && this.#isRecent(known);
    if (!isNews) {
      this.#settle(contact);
      return undefined;
    }
    if (known.contact.held || sharesAddress(known.contact, contact)) {
      this.#settle(contact);
      return undefined;
    }
    const examination = this.#examining.get(contact.nodeId) ?? this.#begin(known.contact, contact);
    if (contact.held) {
      throw new Problem("directory_copied", "Another start of this node is here; you stand still.");
    }
    return examination;
  }

  /**
   * Further words of a start that has shown itself before. @throws CopyRefused as {@link admit},
   * Problem `bad_signature`, after which it shakes hands anew, where another start is here.
   */
  heard(nodeId: string, bootId: string): void {
    this.#refuseCopy(nodeId, bootId);
    const known = this.#known.get(nodeId);
    if (known?.contact.bootId === bootId) {
      this.#settle(known.contact);
    } else if (known && this.#isRecent(known) && !this.#examining.has(nodeId)) {
      throw new Problem("bad_signature", "Another start of this node is here; shake hands anew.");
    }
  }

  /** Whether no other start of that node is known to be alive, or may turn out to be. */
  counts(nodeId: string, bootId: string): boolean {
    const known = this.#known.get(nodeId);
    return !known || known.contact.bootId === bootId || !this.#isRecent(known);
  }

  #refuseCopy(nodeId: string, bootId: string): void {
    const proof = this.#copies.get(copyKey(nodeId, bootId));
    if (proof) throw new CopyRefused(proof);
  }

  #isRecent({ heardMs }: Known): boolean {
    return this.#deps.clock.monotonicMs() - heardMs < ALIVE_MS;
  }

  #settle(contact: Contact): void {
    const heardMs = this.#deps.clock.monotonicMs();
    remember(this.#known, contact.nodeId, { contact, heardMs }, LIMITS.serversMax);
  }

  #begin(before: Contact, now: Contact): Promise<void> {
    const examination = this.#examine(before, now).finally(() =>
      this.#examining.delete(now.nodeId),
    );
    this.#examining.set(now.nodeId, examination);
    return examination;
  }

  /** Asks both, each with the other's boot id in the question, so that the answer is news to it. */
  async #examine(before: Contact, now: Contact): Promise<void> {
    const older = await this.#startOf(before, now.bootId);
    if (!older) return this.#settle(now);
    const newer = await this.#startOf(now, before.bootId);
    if (!newer) return;
    const stays = standing(older, newer);
    if (stays === older) this.#refuse(now, older.proof);
    else this.#refuse(before, newer.proof);
    this.#settle(stays === older ? before : now);
  }

  async #startOf(
    { nodeId, bootId, addresses }: Contact,
    besideBootId: string,
  ): Promise<Seen | undefined> {
    const { clock, ask, nonce } = this.#deps;
    const challenge = challengeBeside(besideBootId, nonce());
    const proof = await ask(nodeId, bootId, addresses, challenge);
    return proof && { proof, startedMs: clock.monotonicMs() - proof.uptime_ms };
  }

  #refuse(copy: Contact, proof: PresenceProof): void {
    const { log, tell } = this.#deps;
    const { nodeId, bootId, addresses } = copy;
    const key = copyKey(nodeId, bootId);
    remember(this.#copies, key, proof, LIMITS.copiesRememberedMax);
    log.error("a node runs twice; the one that was started later is refused", {
      node_id: nodeId,
      boot_id: bootId,
      address: addresses[0]?.host ?? null,
    });
    tell(nodeId, addresses, proof);
  }
}

interface Seen {
  readonly proof: PresenceProof;
  readonly startedMs: number;
}

/** Of two that live, the one that counts: it does not stand still, or else was started earlier. */
function standing(one: Seen, other: Seen): Seen {
  if (one.proof.held !== other.proof.held) return one.proof.held ? other : one;
  if (one.startedMs !== other.startedMs) return one.startedMs < other.startedMs ? one : other;
  return one.proof.boot_id < other.proof.boot_id ? one : other;
}

function copyKey(nodeId: string, bootId: string): string {
  return `${nodeId} ${bootId}`;
}

/** One address has one listener: the start that was there has ended. */
function sharesAddress(a: Contact, b: Contact): boolean {
  return a.addresses.some(({ host, port }) =>
    b.addresses.some((other) => other.host === host && other.port === port),
  );
}

function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
