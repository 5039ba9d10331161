import type { Address } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Contact } from "./peer-clones.ts";
import { challengeBeside, type PresenceProof } from "./presence.ts";

export interface ExaminationDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly nonce: () => string;
  /** Probes an address; undefined unless that node answers with a proof. */
  readonly ask: (
    nodeId: string,
    address: Address,
    challenge: string,
  ) => Promise<PresenceProof | undefined>;
}

/** Decides which of two starts counts. If both are alive the other is refused, with the proof. */
export interface Verdict {
  /** Undefined when neither has answered: then nothing changes. */
  readonly counts: Contact | undefined;
  readonly refused?: { readonly contact: Contact; readonly proof: PresenceProof };
}

interface Seen {
  readonly proof: PresenceProof;
  readonly startedMs: number;
}

/** Time limit of an examination: a worker that pings every 2 s is asked twice. */
const PROVE_WITHIN_MS = 5_000;

/**
 * Examines two starts of one node that may both be alive. Each is challenged at its addresses, and
 * in all messages to it, so that one that only dials out can answer too. The challenge is fresh and
 * names the other start, so that no earlier statement answers it. Ends
 * - when both have answered: the one that counts is {@link standing};
 * - when the new one answers at an address of the earlier: one address has one listener, so the
 *   earlier has ended. That both merely name one address proves nothing: it may be a router's;
 * - after {@link PROVE_WITHIN_MS}: the one that has answered counts.
 */
export class Examination {
  readonly verdict: Promise<Verdict>;
  readonly #deps: ExaminationDeps;
  readonly #before: Contact;
  readonly #now: Contact;
  /** Challenges, by boot id of the start that has to sign. */
  readonly #challenges: ReadonlyMap<string, string>;
  readonly #seen = new Map<string, Seen>();
  readonly #end: (verdict: Verdict) => void;

  constructor(before: Contact, now: Contact, deps: ExaminationDeps) {
    this.#deps = deps;
    this.#before = before;
    this.#now = now;
    this.#challenges = new Map([
      [before.bootId, challengeBeside(now.bootId, deps.nonce())],
      [now.bootId, challengeBeside(before.bootId, deps.nonce())],
    ]);
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const cancel = deps.timers.after(PROVE_WITHIN_MS, () => this.#giveUp());
    this.verdict = promise;
    this.#end = (verdict) => {
      cancel();
      resolve(verdict);
    };
    this.#dial();
  }

  /** The challenges that are not answered yet. */
  challenges(): readonly string[] {
    return [...this.#challenges].flatMap(([bootId, challenge]) =>
      this.#seen.has(bootId) ? [] : [challenge],
    );
  }

  /**
   * Takes a valid proof that was sent to this node; ignored unless it answers a challenge of it.
   */
  witness(proof: PresenceProof): void {
    if (this.#challenges.get(proof.boot_id) !== proof.challenge) return;
    const startedMs = this.#deps.clock.monotonicMs() - proof.uptime_ms;
    this.#seen.set(proof.boot_id, { proof, startedMs });
    this.#decide();
  }

  #dial(): void {
    const older = this.#before.addresses;
    const newer = this.#now.addresses.filter((one) => !older.some((other) => isSame(one, other)));
    for (const address of older) void this.#ask(this.#before, address, true);
    for (const address of newer) void this.#ask(this.#now, address, false);
  }

  async #ask({ nodeId, bootId }: Contact, address: Address, isOlder: boolean): Promise<void> {
    const challenge = this.#challenges.get(bootId) ?? "";
    const proof = await this.#deps.ask(nodeId, address, challenge);
    if (!proof || proof.challenge !== challenge) return;
    if (isOlder && proof.boot_id === this.#now.bootId) this.#end({ counts: this.#now });
    else this.witness(proof);
  }

  #decide(): void {
    const older = this.#seen.get(this.#before.bootId);
    const newer = this.#seen.get(this.#now.bootId);
    if (!older || !newer) return;
    const [counts, contact, { proof }] =
      standing(older, newer) === older
        ? [this.#before, this.#now, older]
        : [this.#now, this.#before, newer];
    this.#end({ counts, refused: { contact, proof } });
  }

  #giveUp(): void {
    this.#end({ counts: [this.#before, this.#now].find(({ bootId }) => this.#seen.has(bootId)) });
  }
}

/** Of two live starts, the one that counts: not fenced, or else started earlier. */
function standing(one: Seen, other: Seen): Seen {
  if (one.proof.fenced !== other.proof.fenced) return one.proof.fenced ? other : one;
  if (one.startedMs !== other.startedMs) return one.startedMs < other.startedMs ? one : other;
  return one.proof.boot_id < other.proof.boot_id ? one : other;
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
