import { Resolver } from "node:dns/promises";
import { messageOf } from "../../platform/errors.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";

/** The answer of DNS to one question. */
export type DnsAnswer<T> =
  | { readonly kind: "found"; readonly records: readonly T[] }
  /** There is no such record, or no such name: Bun does not distinguish the two. */
  | { readonly kind: "none" }
  | DnsFailure;

export interface DnsFailure {
  readonly kind: "failed";
  /** One line for people, with the remedy. */
  readonly reason: string;
  /** Nothing has answered. */
  readonly isSilent: boolean;
}

export interface ServiceRecord {
  /** Without a final dot; empty if the service is explicitly unavailable (RFC 2782). */
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface AddressRecord {
  readonly address: string;
  readonly ttlMs: number;
}

export interface QuestionsOptions {
  readonly timers: Timers;
  /** `address:port` of name servers; those of the system if there are none. */
  readonly servers?: readonly string[] | undefined;
}

/** Timeout of each name server; Bun counts in whole seconds. */
const SERVER_MS = 1_000;
/**
 * Timeout of all questions together: three name servers for a service, and again for its targets.
 */
const DEADLINE_MS = 6_000;
/** Home routers drop queries that arrive by the hundred. */
const QUESTIONS_AT_ONCE = 16;
/**
 * Bun notices only at its next packet that a name server does not listen, and until then uses a
 * whole core.
 */
const NUDGE_MS = 20;
const NONE_CODES: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);
const NOBODY_LISTENS = "ECONNREFUSED";
const SILENT_CODES: ReadonlySet<string> = new Set([NOBODY_LISTENS, "ETIMEOUT", "ECANCELLED"]);
const NO_ANSWER = "no name server answers: see /etc/resolv.conf";
const MALFORMED = "the name server's answer cannot be read: name another one in /etc/resolv.conf";
const OVER: DnsFailure = { kind: "failed", reason: NO_ANSWER, isSilent: true };
const REASONS: Readonly<Record<string, string>> = {
  [NOBODY_LISTENS]: "no name server listens: see /etc/resolv.conf",
  ETIMEOUT: NO_ANSWER,
  ECANCELLED: NO_ANSWER,
  ESERVFAIL: "the name server fails (SERVFAIL): its log says why",
  EREFUSED: "the name server refuses to answer: name one that knows it in /etc/resolv.conf",
  EBADRESP: MALFORMED,
  EFORMERR: MALFORMED,
  ENOTIMP: "the name server does not support such queries: name another one in /etc/resolv.conf",
};

/**
 * The questions of one lookup. Created anew for each: a resolver of Bun never reads resolv.conf
 * again, and keeps its answers, negative ones too. Nothing here rejects, and everything has ended
 * by the deadline.
 */
export class DnsQuestions {
  readonly #resolver = new Resolver({ timeout: SERVER_MS, tries: 1 });
  readonly #turns = new KeyedSemaphore(QUESTIONS_AT_ONCE);
  readonly #cancelDeadline: Cancel;
  readonly #timers: Timers;
  #cancelNudge: Cancel | undefined;
  #isOver = false;

  constructor({ timers, servers }: QuestionsOptions) {
    this.#timers = timers;
    if (servers !== undefined) this.#resolver.setServers(servers);
    this.#cancelDeadline = timers.after(DEADLINE_MS, () => this.end());
  }

  /** Open questions are answered with a failure. */
  end(): void {
    this.#isOver = true;
    this.#cancelDeadline();
    this.#cancelNudge?.();
    this.#resolver.cancel();
  }

  services(name: string): Promise<DnsAnswer<ServiceRecord>> {
    return this.#ask(name, () => this.#resolver.resolveSrv(name));
  }

  /** IPv4 and IPv6 of a name. */
  async addresses(name: string): Promise<DnsAnswer<AddressRecord>> {
    const answers = await Promise.all([
      this.#ask(name, () => this.#resolver.resolve4(name, { ttl: true })),
      this.#ask(name, () => this.#resolver.resolve6(name, { ttl: true })),
    ]);
    const records = answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
    if (records.length === 0) {
      return answers.find((answer) => answer.kind === "failed") ?? { kind: "none" };
    }
    const timed = records.map(({ address, ttl }) => ({ address, ttlMs: 1_000 * ttl }));
    return { kind: "found", records: timed };
  }

  async #ask<T>(name: string, question: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
    this.#cancelNudge ??= this.#timers.after(NUDGE_MS, () => void this.#nudge(name));
    try {
      const records = await this.#turns.run("all", async () => (this.#isOver ? [] : question()));
      if (this.#isOver) return OVER;
      // An alias to a missing name has no records either.
      return records.length === 0 ? { kind: "none" } : { kind: "found", records };
    } catch (error) {
      return this.#failure(error);
    }
  }

  #failure(error: unknown): DnsAnswer<never> {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (NONE_CODES.has(code)) return { kind: "none" };
    // Open questions would keep using a core.
    if (code === NOBODY_LISTENS) this.#resolver.cancel();
    const reason = REASONS[code] ?? `DNS cannot be asked: ${messageOf(error)}`;
    return { kind: "failed", reason, isSilent: SILENT_CODES.has(code) };
  }

  async #nudge(name: string): Promise<void> {
    if (!this.#isOver) await this.#ask(name, () => this.#resolver.resolve4(name));
  }
}
