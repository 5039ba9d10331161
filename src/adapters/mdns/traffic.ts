import type { Refusal } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Verdict } from "./gate.ts";

/** Where a packet came from. */
interface Origin {
  readonly address: string;
  /** From this machine, by any interface: it says nothing about the network. */
  readonly isOwn: boolean;
  /** It is about tankd. */
  readonly isOfNode: boolean;
}

/** The part of the traffic that shows the present state of the link. */
export interface RecentTraffic {
  /** Multicast packets since the start. */
  readonly multicasts: number;
  /** Those of them after the last one that was looped back. */
  readonly unechoed: number;
  /** Counts of the last minutes. */
  readonly heard: boolean;
  readonly found: boolean;
  readonly others: boolean;
  /** A sender of tankd packets whose address is in none of the link's networks. */
  readonly outsider: string | undefined;
}

/** Maximum number of distinct reasons; the system has few. */
const REASONS_MAX = 6;
const OTHER_REASONS = "other reasons";
/** A lone node asks at least twice a minute, and every present node answers. */
const RECENT_MS = 120_000;

/** Packets sent, received and refused on one link. */
export class Traffic {
  sent = 0;
  /** From tankd on other machines. */
  heard = 0;
  /** From other programs on other machines. */
  others = 0;
  readonly #clock: Clock;
  readonly #refused = new Map<string, number>();
  readonly #lastMs = new Map<"heard" | "found" | "others" | "outsider", number>();
  #multicasts = 0;
  #unechoed = 0;
  #outsider: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  noteSent(isMulticast: boolean): void {
    this.sent++;
    if (!isMulticast) return;
    this.#multicasts++;
    this.#unechoed++;
  }

  /** A node was nominated. */
  noteFound(): void {
    this.#see("found");
  }

  /** Counts a received packet. */
  note(verdict: Verdict, from: Origin): void {
    if (verdict === "echo") this.#unechoed = 0;
    else if (!from.isOwn) this.#noteForeign(verdict, from);
  }

  refuse(reason: string): void {
    const isNew = !this.#refused.has(reason) && this.#refused.size >= REASONS_MAX;
    const key = isNew ? OTHER_REASONS : reason;
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  get refused(): readonly Refusal[] {
    return [...this.#refused].map(([reason, count]) => ({ reason, count }));
  }

  recent(): RecentTraffic {
    const sinceMs = this.#clock.monotonicMs() - RECENT_MS;
    const isRecent = (what: "heard" | "found" | "others" | "outsider") =>
      (this.#lastMs.get(what) ?? Number.NEGATIVE_INFINITY) >= sinceMs;
    return {
      multicasts: this.#multicasts,
      unechoed: this.#unechoed,
      heard: isRecent("heard"),
      found: isRecent("found"),
      others: isRecent("others"),
      outsider: isRecent("outsider") ? this.#outsider : undefined,
    };
  }

  #noteForeign(verdict: Verdict, { address, isOfNode }: Origin): void {
    switch (verdict) {
      case "admitted":
        this.#count(isOfNode ? "heard" : "others");
        break;
      case "unrelated":
        this.#count("others");
        break;
      case "off_link":
        this.#outsider = address;
        this.#see("outsider");
        this.refuse("from another network");
        break;
      case "too_many":
        this.refuse("too many at once");
        break;
      case "malformed":
        this.refuse("malformed");
    }
  }

  #count(what: "heard" | "others"): void {
    this[what]++;
    this.#see(what);
  }

  #see(what: "heard" | "found" | "others" | "outsider"): void {
    this.#lastMs.set(what, this.#clock.monotonicMs());
  }
}
