import type { Address } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Log } from "../../telemetry/log.ts";
import type { PeerBoot } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { Examination, type ExaminationDeps, type Verdict } from "./examination.ts";
import { CloneRefused, type PresenceProof } from "./presence.ts";

/** One start of another node, as it has shown itself. */
export interface Contact {
  readonly nodeId: string;
  readonly bootId: string;
  /** Where it may be dialled, best first. */
  readonly addresses: readonly Address[];
  readonly fenced: boolean;
}

export interface PeerClonesDeps extends ExaminationDeps {
  readonly log: Log;
  readonly table: Pick<PeerTable, "get" | "update">;
  /** Shows the proof to the start at these addresses that it concerns. */
  readonly tell: (nodeId: string, addresses: readonly Address[], proof: PresenceProof) => void;
}

/**
 * Whoever was silent for longer is not asked whether it still lives: a registry would call it
 * offline.
 */
const ALIVE_MS = 90_000;

/**
 * Two starts of one node id that live at the same time, as only a third may see them: a hub, where
 * the two cannot dial each other. Nobody's word is taken for it. When a node shows itself in
 * another start than a moment ago, both are asked who lives; meanwhile the new one is served, as
 * after a plain restart. If both live, the later one is shown what the earlier has signed, and is
 * refused from then on, also after the row of its node has left the table.
 */
export class PeerClones {
  readonly #deps: PeerClonesDeps;
  /** Later starts, by node and boot, with the proof to show them. */
  readonly #refused = new BoundedMap<string, PresenceProof>(LIMITS.clonesRememberedMax);
  readonly #examinations = new Map<string, Examination>();

  constructor(deps: PeerClonesDeps) {
    this.#deps = deps;
  }

  /**
   * A start of a node that is in the table shows itself. @throws CloneRefused for one that is known
   * to be the later of two, Problem `directory_copied` for one that is fenced while another may be
   * alive. Where there is something to find out, the promise ends when that is over.
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
      throw new Problem("directory_copied", "Another start of this node is here; you are fenced.");
    }
    return examined;
  }

  /** Waits for what there is to find out; whoever turns out to be a copy is refused then. */
  async admitExamined(contact: Contact): Promise<void> {
    const examined = this.admit(contact);
    if (examined === undefined) return;
    await examined;
    await this.admit(contact);
  }

  /**
   * Further words of a start that has shown itself before. @throws CloneRefused as {@link admit},
   * Problem `bad_signature`, after which it shakes hands anew, where another start is here.
   */
  heard(nodeId: string, bootId: string): void {
    this.#refuseClone(nodeId, bootId);
    const known = this.#bootOf(nodeId);
    if (known?.contact.bootId === bootId) {
      this.#settle(known.contact);
    } else if (known && this.#isRecent(known) && !this.#examinations.has(nodeId)) {
      throw new Problem("bad_signature", "Another start of this node is here; shake hands anew.");
    }
  }

  /** Whether no other start of that node is known to be alive, or may turn out to be. */
  counts(nodeId: string, bootId: string): boolean {
    const known = this.#bootOf(nodeId);
    return !known || known.contact.bootId === bootId || !this.#isRecent(known);
  }

  /** What the starts of that node are asked to sign. */
  challenges(nodeId: string): readonly string[] | undefined {
    return this.#examinations.get(nodeId)?.challenges();
  }

  /** A start of that node has sent a proof that verifies. */
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
   * One at a time for a node. In a crowd it is not begun: the start that was here before counts on.
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
