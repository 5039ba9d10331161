import type { Random } from "../../platform/random.ts";
import type { OutboxRow } from "../../store/rows.ts";
import type { Answer } from "./courier.ts";

/** First pause after an answer without a decision; doubled each time. */
const backoffFirstMs = 500;
/** A destination cannot keep a fish from being asked for longer than that by a pause it wants. */
const askedPauseMaxMs = 300_000;
/** Longest pause. The cluster also notices the return of a peer, and ends the pause then. */
const backoffMaxMs = 30_000;
/**
 * How long a transfer is offered before its abort is requested. Longer than a destination needs to
 * restart and recover its tanks; short enough that a fish is not absent for long.
 */
const patienceMs = 60_000;

/** No such tank, or a node of a version that does not know what is offered. */
const HOPELESS: ReadonlySet<string> = new Set(["unknown_tank", "unsupported_entity"]);

/** One entity in escrow, with the state that exists only in the running process. */
export class Escrow {
  row: OutboxRow;
  /** A decision that is not on the disk yet: from now on only the commit is retried. */
  decided: Answer | undefined;
  /** Set once an abort is requested; the transfer is not offered again. */
  givingUp = false;
  /** Resolved when the transfer is settled. */
  readonly settled = Promise.withResolvers<void>();
  readonly #since: number;
  #pauses = 0;
  /** How often it was woken up, and the pause that the next time ends. */
  #wakes = 0;
  #pause: AbortController | undefined;

  constructor(row: OutboxRow, monotonicMs: number) {
    this.row = row;
    this.#since = monotonicMs;
  }

  /** Whether it is time to ask for an abort instead. */
  outOfPatience(monotonicMs: number, code: string): boolean {
    return HOPELESS.has(code) || monotonicMs - this.#since >= patienceMs;
  }

  /** Exponential backoff, with jitter over its upper half. */
  nextPauseMs(random: Random, atLeastMs: number): number {
    const ceilingMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(this.#pauses, 10));
    this.#pauses++;
    return Math.max(Math.min(atLeastMs, askedPauseMaxMs), ceilingMs * (0.5 + random.unit() / 2));
  }

  /** Settles it by an operator's word, unless its destination decides it meanwhile. */
  decideByHand(answer: Answer): void {
    this.decided ??= answer;
    this.wake();
  }

  /** To be read before a request: a wake-up during it cancels the pause that follows. */
  get wakes(): number {
    return this.#wakes;
  }

  /** Aborted when there is a reason to end the pause, or was one since `wakes` was read. */
  pauseSince(wakes: number): AbortSignal {
    this.#pause = new AbortController();
    if (wakes !== this.#wakes) this.#pause.abort();
    return this.#pause.signal;
  }

  wake(): void {
    this.#wakes++;
    this.#pause?.abort();
  }
}
