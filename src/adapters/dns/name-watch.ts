import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Network } from "../../platform/network.ts";
import type { Random } from "../../platform/random.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { HOSTS_FILE, readHostsFile } from "./hosts-file.ts";
import { type DnsLook, type DnsPlaces, lookUp } from "./look-up.ts";
import type { DnsName } from "./name.ts";
import { keyOf, type Place, shuffled } from "./places.ts";
import { DnsQuestions } from "./questions.ts";

export interface WatchDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly network: Pick<Network, "resolve">;
  /** `address:port` of name servers, instead of the system's. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
}

/** Interval of lookups while there is something new; then ever longer. */
const LOOK_MIN_MS = 5_000;
const LOOK_MAX_MS = 30_000;
/** Delay after a failure, doubled up to the maximum. */
const RETRY_MIN_MS = 2_000;
const RETRY_MAX_MS = 60_000;
/** Random variation of each interval in both directions, to spread nodes that start together. */
const JITTER = 0.2;
/** Places that are no longer named are kept for the minute of a rolling restart, and some more. */
const KEPT_MS = 120_000;

/** Looks one name up periodically, and remembers its places. */
export class NameWatch {
  readonly #name: DnsName;
  readonly #deps: WatchDeps;
  readonly #nominate: (place: Place) => void;
  readonly #known = new BoundedMap<string, { readonly place: Place; readonly seenMs: number }>(
    LIMITS.dnsPlacesMax,
  );
  #last: DnsLook | undefined;
  /** Aborts the present lookup. */
  #questions: DnsQuestions | undefined;
  #endedMs = 0;
  #delayMs = 0;
  #cancelNext: Cancel = () => {};
  #isStopped = false;

  constructor(name: DnsName, deps: WatchDeps, nominate: (place: Place) => void) {
    this.#name = name;
    this.#deps = deps;
    this.#nominate = nominate;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelNext();
    this.#questions?.end();
  }

  /** Nominates everything that is known, and repeats the lookup unless it was just done. */
  refresh(): void {
    for (const { place } of this.#known.values()) this.#nominate(place);
    const isDue = this.#deps.clock.monotonicMs() - this.#endedMs >= LOOK_MIN_MS;
    if (isDue && this.#questions === undefined) void this.#look();
  }

  /** Whether the last lookup found a place; true before the first. */
  get isWorking(): boolean {
    return this.#last === undefined || this.#last.kind === "found";
  }

  describe(): string {
    const { text } = this.#name;
    const last = this.#last;
    if (last === undefined) return `asks for ${text}`;
    const named = last.kind === "found" ? Math.min(last.places.length, this.#known.max) : 0;
    const kept = this.#known.size - named;
    const before = kept > 0 ? [`kept from before: ${kept}`] : [];
    if (last.kind === "found") return [`${text}: ${wordsFor(last)}`, ...before].join(", ");
    const reason =
      last.kind === "failed"
        ? last.reason
        : "this name has no records: add A, AAAA or _tankd._tcp SRV records";
    return [`${text}: ${reason}`, ...before].join(", ");
  }

  async #look(): Promise<void> {
    this.#cancelNext();
    const { timers, clock, random, network, servers, hostsFile = HOSTS_FILE } = this.#deps;
    const questions = new DnsQuestions({ timers, servers });
    this.#questions = questions;
    const hosts = await readHostsFile(hostsFile);
    const resolve = (host: string) => network.resolve(host);
    const look = await lookUp(this.#name, { timers, random, questions, hosts, resolve });
    questions.end();
    this.#questions = undefined;
    if (this.#isStopped) return;
    this.#endedMs = clock.monotonicMs();
    this.#take(look);
    this.#cancelNext = timers.after(this.#jittered(), () => void this.#look());
  }

  #take(look: DnsLook): void {
    const before = this.#last;
    this.#last = look;
    this.#report(before, look);
    const fresh = look.kind === "found" ? this.#note(look) : [];
    // A failing name server says nothing about nodes that are gone.
    if (look.kind !== "failed") this.#forget();
    for (const place of fresh) this.#nominate(place);
    const isNew = fresh.length > 0 || before?.kind !== look.kind;
    if (look.kind === "failed") {
      this.#delayMs = isNew ? RETRY_MIN_MS : Math.min(RETRY_MAX_MS, 2 * this.#delayMs);
    } else {
      const delayMs = isNew ? LOOK_MIN_MS : 2 * this.#delayMs;
      const ttlMs = look.kind === "found" ? (look.ttlMs ?? 0) : 0;
      // Not before a cache on the way has expired: it would repeat its answer.
      this.#delayMs = Math.min(LOOK_MAX_MS, Math.max(delayMs, ttlMs));
    }
  }

  /** Returns those that were not known, in the order in which they are to be tried. */
  #note({ places, by }: DnsPlaces): readonly Place[] {
    const seenMs = this.#endedMs;
    const fresh = places.slice(0, this.#known.max).filter((place) => {
      const key = keyOf(place);
      const isNew = !this.#known.has(key);
      this.#known.set(key, { place, seenMs });
      return isNew;
    });
    // Random order: of a hundred places that are off, not every node should try all before the
    // first that is on.
    return by === "SRV" ? fresh : shuffled(fresh, this.#deps.random);
  }

  #forget(): void {
    for (const [key, { seenMs }] of [...this.#known]) {
      if (this.#endedMs - seenMs >= KEPT_MS) this.#known.delete(key);
    }
  }

  #report(before: DnsLook | undefined, look: DnsLook): void {
    const { log } = this.#deps;
    const name = this.#name.text;
    if (look.kind === "failed" && before?.kind !== "failed") {
      log.warn("a name cannot be looked up", { name, reason: look.reason });
    } else if (look.kind !== "failed" && before?.kind === "failed") {
      log.info("a name can be looked up again", { name });
    }
  }

  #jittered(): number {
    return this.#delayMs * (1 - JITTER + 2 * JITTER * this.#deps.random.unit());
  }
}

function wordsFor({ by, total, withoutAddress }: DnsPlaces): string {
  const used = LIMITS.dnsPlacesMax;
  const [one, many] = by === "SRV" ? ["node by SRV", "nodes by SRV"] : ["address", "addresses"];
  const unused = total > used ? [`of which ${used} are used`] : [];
  const missing = withoutAddress > 0 ? [`${withoutAddress} without an address`] : [];
  return [`${total} ${total === 1 ? one : many}`, ...unused, ...missing].join(", ");
}
