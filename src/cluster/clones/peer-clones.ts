import type { Address } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Log } from "../../telemetry/log.ts";
import type { PeerBoot } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { Examination, type ExaminationDeps, type Verdict } from "./examination.ts";
import { CloneRefused, type PresenceProof } from "./presence.ts";

/** One start of another node that has communicated. */
export interface Contact {
  readonly nodeId: string;
  readonly bootId: string;
  /** Its addresses, best first. */
  readonly addresses: readonly Address[];
  readonly fenced: boolean;
}

export interface PeerClonesDeps extends ExaminationDeps {
  readonly log: Log;
  readonly table: Pick<PeerTable, "get" | "update">;
  /** Delivers the proof to the start that it concerns, at these addresses. */
  readonly tell: (nodeId: string, addresses: readonly Address[], proof: PresenceProof) => void;
}

/** A start that was silent for longer counts as ended, like an offline server. */
const ALIVE_MS = 90_000;

/**
 * Detects two live starts of another node, which only a third node may see: a hub, if the two
 * cannot dial each other. When a node communicates from another start than a moment ago, both are
 * examined; meanwhile the new one is served, as after a normal restart. If both are alive, the
 * later one gets the proof of the earlier, and is refused from then on, even after its row has left
 * the peer table.
 */
export class PeerClones {
  readonly #deps: PeerClonesDeps;
  /** Refused starts, by node and boot, with the proof against them. */
  readonly #refused = new BoundedMap<string, PresenceProof>(LIMITS.clonesRememberedMax);
  readonly #examinations = new Map<string, Examination>();

  constructor(deps: PeerClonesDeps) {
    this.#deps = deps;
  }

  /**
   * Admits a start of a node in the peer table. @throws CloneRefused for one that is known to be
   * the later of two, Problem `directory_copied` for one that is fenced while another may be alive.
   * If an examination is needed, the promise settles with it.
   */
  admit(contact: Contact): Promise<void> | undefined {
    const { nodeId, bootId } = contact;
    this.#refuseClone(nodeId, bootId);
    const known = this.#bootOf(nodeId);
    if (!known || known.contact.bootId === bootId || !this.#isRecent(known)) {
      this.#settle(contact);
      return undefined;
    }
    if (known.contact.fenced) {
      this.#settle(contact);
      return undefined;
    }
    const examined = this.#examine(known.contact, contact);
    if (contact.fenced) {
      throw new Problem("directory_copied", "Another start of this node is alive; you are fenced.");
    }
    return examined;
  }

  /** Waits for an examination, and refuses a start that turns out to be a clone. */
  async admitExamined(contact: Contact): Promise<void> {
    const examined = this.admit(contact);
    if (examined === undefined) return;
    await examined;
    await this.admit(contact);
  }

  /**
   * Checks a later message of a start. @throws CloneRefused like {@link admit}, or Problem
   * `bad_signature`, after which it repeats the handshake, if another start is current.
   */
  heard(nodeId: string, bootId: string): void {
    this.#refuseClone(nodeId, bootId);
    const known = this.#bootOf(nodeId);
    if (known?.contact.bootId === bootId) {
      this.#settle(known.contact);
    } else if (known && this.#isRecent(known) && !this.#examinations.has(nodeId)) {
      throw new Problem(
        "bad_signature",
        "Another start of this node is known here; repeat the handshake.",
      );
    }
  }

  /** Whether no other start of that node is, or may be, alive. */
  counts(nodeId: string, bootId: string): boolean {
    const known = this.#bootOf(nodeId);
    return !known || known.contact.bootId === bootId || !this.#isRecent(known);
  }

  /** The challenges for the starts of that node. */
  challenges(nodeId: string): readonly string[] | undefined {
    return this.#examinations.get(nodeId)?.challenges();
  }

  /** Takes a valid proof of a start of that node. */
  witness(nodeId: string, proof: PresenceProof): void {
    this.#examinations.get(nodeId)?.witness(proof);
  }

  #bootOf(nodeId: string): PeerBoot | undefined {
    return this.#deps.table.get(nodeId)?.boot;
  }

  #refuseClone(nodeId: string, bootId: string): void {
    const proof = this.#refused.get(keyOf(nodeId, bootId));
    if (proof) throw new CloneRefused(proof);
  }

  #isRecent({ heardMs }: PeerBoot): boolean {
    return this.#deps.clock.monotonicMs() - heardMs < ALIVE_MS;
  }

  #settle(contact: Contact): void {
    const heardMs = this.#deps.clock.monotonicMs();
    this.#deps.table.update(contact.nodeId, { boot: { contact, heardMs } });
  }

  /**
   * Starts an examination, one per node. At the limit none is started, and the known start counts.
   */
  async #examine(before: Contact, now: Contact): Promise<void> {
    const { nodeId } = now;
    const open = this.#examinations.get(nodeId);
    if (open) {
      await open.verdict;
      return;
    }
    if (this.#examinations.size >= LIMITS.examinationsMax) return;
    const examination = new Examination(before, now, this.#deps);
    this.#examinations.set(nodeId, examination);
    const verdict = await examination.verdict;
    this.#examinations.delete(nodeId);
    this.#apply(verdict);
  }

  #apply({ counts, refused }: Verdict): void {
    if (counts) this.#settle(counts);
    if (!refused) return;
    const { contact, proof } = refused;
    const { nodeId, bootId, addresses } = contact;
    this.#refused.set(keyOf(nodeId, bootId), proof);
    this.#deps.log.error("a node runs twice; the one that was started later is refused", {
      node_id: nodeId,
      boot_id: bootId,
      address: addresses[0]?.host ?? null,
    });
    this.#deps.tell(nodeId, addresses, proof);
  }
}

function keyOf(nodeId: string, bootId: string): string {
  return `${nodeId} ${bootId}`;
}
