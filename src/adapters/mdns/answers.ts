import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Question } from "./message.ts";
import { type DnsRecord, goodbyeOf, identityOf, META_NAME, setOf, TYPE_NAME } from "./records.ts";

export interface AnswersDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Sends one multicast response. */
  readonly send: (answers: readonly DnsRecord[], additionals: readonly DnsRecord[]) => void;
}

/** The timing of an answer; all in milliseconds. */
export interface AnswerTiming {
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
  /** Minimum time between two multicasts of one record. */
  readonly intervalMs: number;
  /** Nothing is sent before the hold is over, not even together with other answers. */
  readonly waits: boolean;
}

/**
 * RFC 6762 section 6: answers are held back to combine them, and each record is sent at most once a
 * second.
 */
export const PLAIN: AnswerTiming = {
  holdMinMs: 20,
  holdMaxMs: 120,
  intervalMs: 1_000,
  waits: false,
};
/** RFC 6762 section 7.2: more known answers of the querier follow. */
export const TRUNCATED: AnswerTiming = { ...PLAIN, holdMinMs: 400, holdMaxMs: 500, waits: true };
/** RFC 6762 section 6: a prober waits only a quarter of a second for the defence of a name. */
export const PROBE: AnswerTiming = { ...PLAIN, holdMinMs: 0, holdMaxMs: 0, intervalMs: 250 };

/** RFC 6762 section 8.3: at least two announcements, one second apart. */
const ANNOUNCED_AGAIN_MS = PLAIN.holdMaxMs + 1_000;

/** Stands for the querier of records that are sent because they changed. */
const NOBODY = "";

interface Pending {
  /** With a TTL of zero it withdraws the record. */
  record: DnsRecord;
  /** The queriers that asked for it. */
  readonly askers: Set<string>;
  notBeforeMs: number;
  dueMs: number;
}

/**
 * The multicast answers of one socket: collected, held back, sent together, each record at most
 * once a second, and not at all if another host was faster or no querier needs them any more.
 */
export class AnswerSchedule {
  readonly #deps: AnswersDeps;
  readonly #pending = new Map<string, Pending>();
  /** When a record, and when any record of its set, was last sent. */
  readonly #recordSentMs = new Map<string, number>();
  readonly #setSentMs = new Map<string, number>();
  #own: readonly DnsRecord[] = [];
  #cancelTimer: Cancel = () => {};
  #cancelRepeat: Cancel = () => {};

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Replaces the node's records; changed ones are announced, removed ones withdrawn. */
  replace(own: readonly DnsRecord[], isTold = true): void {
    const before = new Map(this.#own.map((record) => [identityOf(record), record]));
    const after = new Set(own.map(identityOf));
    this.#own = own;
    const gone = [...before].filter(([identity]) => !after.has(identity));
    for (const [identity] of gone) {
      this.#pending.delete(identity);
      this.#recordSentMs.delete(identity);
    }
    // For an existing set the cache-flush bit of the new records withdraws the old ones.
    const sets = new Set(own.map(setOf));
    const withdrawn = gone.map(([, record]) => record).filter((one) => !sets.has(setOf(one)));
    this.queue(goodbyeOf(withdrawn), NOBODY);
    if (!isTold) return;
    this.queue(
      own.filter((one) => !before.has(identityOf(one)) && isAnnounced(one)),
      NOBODY,
    );
  }

  /** Announces a second time, unless somebody asks in the meantime. */
  announceAgain(): void {
    this.#cancelRepeat();
    this.#cancelRepeat = this.#deps.timers.after(ANNOUNCED_AGAIN_MS, () => {
      const silent = this.#own.filter((one) => !this.wasSentWithin(one, PLAIN.intervalMs));
      this.queue(silent.filter(isAnnounced), NOBODY);
    });
  }

  /** The records that answer a question; for a name of this node without any, the NSEC record. */
  matching({ name, type }: Question): readonly DnsRecord[] {
    const named = this.#own.filter((one) => one.name === name);
    const found = named.filter((one) => (type === "ANY" ? one.type !== "NSEC" : one.type === type));
    return found.length > 0 ? found : named.filter((one) => one.type === "NSEC");
  }

  /** Additional records, so that queriers need not ask again (RFC 6763 section 12). */
  additionalsTo(answers: readonly DnsRecord[]): readonly DnsRecord[] {
    const leads = answers.some(({ name, type }) => name === TYPE_NAME || type === "SRV");
    if (!leads) return [];
    const given = new Set(answers.map(identityOf));
    return this.#own.filter((one) => one.name !== META_NAME && !given.has(identityOf(one)));
  }

  /** Whether the record was multicast within the last `ms`. */
  wasSentWithin(record: DnsRecord, ms: number): boolean {
    return this.#deps.clock.monotonicMs() - this.#sentMs(record) < ms;
  }

  queue(records: readonly DnsRecord[], asker: string, timing: AnswerTiming = PLAIN): void {
    if (records.length === 0) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const spreadMs = (timing.holdMaxMs - timing.holdMinMs) * this.#deps.random.unit();
    const heldMs = nowMs + timing.holdMinMs + spreadMs;
    for (const record of records) {
      const sentMs = this.#setSentMs.get(setOf(record)) ?? Number.NEGATIVE_INFINITY;
      const freeMs = sentMs + timing.intervalMs;
      const notBeforeMs = timing.waits ? Math.max(heldMs, freeMs) : freeMs;
      const dueMs = Math.max(heldMs, freeMs);
      const known = this.#pending.get(identityOf(record));
      if (known) {
        known.record = record;
        known.askers.add(asker);
        known.notBeforeMs = Math.min(known.notBeforeMs, notBeforeMs);
        known.dueMs = Math.min(known.dueMs, dueMs);
      } else {
        const askers = new Set([asker]);
        this.#pending.set(identityOf(record), { record, askers, notBeforeMs, dueMs });
      }
    }
    this.#arm();
  }

  /** The querier has these already (RFC 6762 section 7.1, and 7.2 for those in a later packet). */
  withdraw(known: readonly DnsRecord[], asker: string): void {
    if (this.#pending.size === 0) return;
    for (const record of known) {
      const pending = this.#pending.get(identityOf(record));
      if (!pending || !isFresh(record, pending.record) || !pending.askers.delete(asker)) continue;
      if (pending.askers.size === 0) this.#pending.delete(identityOf(record));
    }
  }

  /**
   * Another host has just sent these (RFC 6762 section 7.4). Only shared records can be this node's
   * too.
   */
  heard(records: readonly DnsRecord[]): void {
    if (this.#pending.size === 0) return;
    const nowMs = this.#deps.clock.monotonicMs();
    for (const record of records) {
      const identity = identityOf(record);
      const pending = this.#pending.get(identity);
      if (!pending || pending.record.flush || record.ttl < pending.record.ttl) continue;
      this.#pending.delete(identity);
      this.#markSent(record, nowMs);
    }
  }

  stop(): void {
    this.#cancelTimer();
    this.#cancelRepeat();
    this.#pending.clear();
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#pending.size === 0) return;
    const dueMs = Math.min(...[...this.#pending.values()].map((one) => one.dueMs));
    const delayMs = Math.max(0, dueMs - this.#deps.clock.monotonicMs());
    this.#cancelTimer = this.#deps.timers.after(delayMs, () => this.#flush());
  }

  #flush(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const ready = [...this.#pending].filter(([, { notBeforeMs }]) => notBeforeMs <= nowMs);
    const answers = ready.map(([, { record }]) => record);
    if (ready.some(([, { dueMs }]) => dueMs <= nowMs)) {
      for (const [identity] of ready) this.#pending.delete(identity);
      const additionals = this.additionalsTo(answers).filter(
        (one) => !this.wasSentWithin(one, PLAIN.intervalMs),
      );
      for (const record of [...answers, ...additionals]) this.#markSent(record, nowMs);
      this.#deps.send(answers, additionals);
    }
    this.#arm();
  }

  #sentMs(record: DnsRecord): number {
    return this.#recordSentMs.get(identityOf(record)) ?? Number.NEGATIVE_INFINITY;
  }

  #markSent(record: DnsRecord, nowMs: number): void {
    this.#recordSentMs.set(identityOf(record), nowMs);
    this.#setSentMs.set(setOf(record), nowMs);
  }
}

/** Whether a known answer has at least half of its TTL left (RFC 6762 section 7.1). */
export function isFresh(known: DnsRecord, own: DnsRecord): boolean {
  return known.ttl * 2 >= own.ttl;
}

/**
 * Whether a record is announced unasked: not those that only complete an answer, and not those that
 * all hosts of the network share.
 */
function isAnnounced({ name, type }: DnsRecord): boolean {
  return type !== "NSEC" && name !== META_NAME;
}
