import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { CachedService } from "./cache.ts";
import type { Question } from "./message.ts";

/**
 * Long enough for the rest to arrive by itself, in a further packet or because others asked for it.
 */
const PATIENCE_MS = 120;
const AGAIN_MS = 1_000;
const TRIES_MAX = 3;

/**
 * Asks for missing records of services: not every responder puts all into one packet. A few at a
 * time, and a few times each, since services may be made up.
 */
export class FollowUps {
  readonly #deps: { readonly clock: Clock; readonly timers: Timers };
  readonly #incomplete: () => readonly CachedService[];
  readonly #ask: (questions: readonly Question[]) => void;
  readonly #tries = new Map<string, { readonly count: number; readonly atMs: number }>();
  /** First labels of the hosts whose addresses were last asked for. */
  #awaited: readonly string[] = [];
  #cancel: Cancel | undefined;

  constructor(
    deps: { readonly clock: Clock; readonly timers: Timers },
    incomplete: () => readonly CachedService[],
    ask: (questions: readonly Question[]) => void,
  ) {
    this.#deps = deps;
    this.#incomplete = incomplete;
    this.#ask = ask;
  }

  get awaitedHosts(): readonly string[] {
    return this.#awaited;
  }

  /** Some service is incomplete. */
  wake(): void {
    this.#cancel ??= this.#deps.timers.after(PATIENCE_MS, () => this.#run());
  }

  forget(instance: string): void {
    this.#tries.delete(instance);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #run(): void {
    this.#cancel = undefined;
    const nowMs = this.#deps.clock.monotonicMs();
    const open = this.#incomplete().filter(
      ({ instance }) => (this.#tries.get(instance)?.count ?? 0) < TRIES_MAX,
    );
    const due = open.filter(
      ({ instance }) => nowMs - (this.#tries.get(instance)?.atMs ?? -AGAIN_MS) >= AGAIN_MS,
    );
    const chosen = due.slice(0, LIMITS.mdnsFollowUpsMax);
    for (const { instance } of chosen) {
      const count = (this.#tries.get(instance)?.count ?? 0) + 1;
      this.#tries.set(instance, { count, atMs: nowMs });
    }
    const targets = chosen.filter(({ addresses }) => addresses.length === 0);
    this.#awaited = targets.flatMap(({ target }) => target?.split(".", 1) ?? []);
    if (chosen.length > 0) this.#ask(chosen.flatMap(missingOf));
    if (open.length > 0) this.#cancel = this.#deps.timers.after(AGAIN_MS, () => this.#run());
  }
}

function missingOf({ instance, port, text, target, addresses }: CachedService): Question[] {
  const question = (name: string, type: string) => ({ name, type, unicast: false });
  return [
    ...(port === undefined ? [question(instance, "SRV")] : []),
    ...(text === undefined ? [question(instance, "TXT")] : []),
    ...(target !== undefined && addresses.length === 0
      ? [question(target, "A"), question(target, "AAAA")]
      : []),
  ];
}
