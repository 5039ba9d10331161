import type { Refusal } from "../../discovery/backend.ts";
import type { Verdict } from "./gate.ts";

/** Reasons that are told apart; the system has few. */
const REASONS_MAX = 6;
const OTHER_REASONS = "other reasons";

/** Where a packet came from. */
interface Origin {
  readonly address: string;
  /** From this machine, by whatever interface: it says nothing of the network. */
  readonly isOwn: boolean;
  /** It is about tankd. */
  readonly isOfNode: boolean;
}

/** What was sent, heard and refused on one link, in packets. */
export class Traffic {
  sent = 0;
  /** From tankd on other machines. */
  heard = 0;
  /** From other programs on other machines. */
  others = 0;
  /** Nodes that were nominated, repetitions included. */
  found = 0;
  /** Our own that the system has handed back. */
  echoes = 0;
  /** Who has last spoken of tankd from an address that is in no network of the link. */
  outsider: string | undefined;
  readonly #refused = new Map<string, number>();

  /** Counts a packet that came in. */
  note(verdict: Verdict, from: Origin): void {
    if (verdict === "echo") this.echoes++;
    else if (!from.isOwn) this.#noteForeign(verdict, from);
  }

  #noteForeign(verdict: Verdict, { address, isOfNode }: Origin): void {
    switch (verdict) {
      case "admitted":
        if (isOfNode) this.heard++;
        else this.others++;
        break;
      case "unrelated":
        this.others++;
        break;
      case "off_link":
        this.outsider = address;
        this.refuse("from another network");
        break;
      case "too_many":
        this.refuse("too many at once");
        break;
      case "malformed":
        this.refuse("malformed");
    }
  }

  refuse(reason: string): void {
    const isNew = !this.#refused.has(reason) && this.#refused.size >= REASONS_MAX;
    const key = isNew ? OTHER_REASONS : reason;
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  get refused(): readonly Refusal[] {
    return [...this.#refused].map(([reason, count]) => ({ reason, count }));
  }
}
