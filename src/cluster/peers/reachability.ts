import { LIMITS } from "../../platform/limits.ts";

interface Attempt {
  readonly reached: boolean;
  readonly startedMs: number;
}

/** Since when a node says hello, and when it did last. */
interface Contact {
  readonly sinceMs: number;
  readonly lastMs: number;
}

/**
 * Two hubs that have met say hello every 2 s. After a longer silence the contact is a new one, and
 * what was tried before is history.
 */
const CONTACT_LOST_MS = 6_000;

/** Whether dialling a node reaches it, as far as we have tried. Bounded, the oldest give way. */
export class Reachability {
  readonly #attempts = new Map<string, Attempt>();
  readonly #contacts = new Map<string, Contact>();

  note(nodeId: string, reached: boolean, startedMs: number): void {
    remember(this.#attempts, nodeId, { reached, startedMs });
  }

  /** Undefined before we have tried. */
  hasReached(nodeId: string): boolean | undefined {
    return this.#attempts.get(nodeId)?.reached;
  }

  /**
   * A node says hello: what to tell it about dialling it. That we cannot is said only of an attempt
   * that began after this contact did: one that failed while the network was down must not cost a
   * hub its rank.
   */
  answerHello(nodeId: string, nowMs: number): boolean | null {
    const known = this.#contacts.get(nodeId);
    const goesOn = known !== undefined && nowMs - known.lastMs < CONTACT_LOST_MS;
    const sinceMs = goesOn ? known.sinceMs : nowMs;
    remember(this.#contacts, nodeId, { sinceMs, lastMs: nowMs });
    const attempt = this.#attempts.get(nodeId);
    if (!attempt) return null;
    return attempt.reached || (attempt.startedMs >= sinceMs ? false : null);
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > LIMITS.serversMax && oldest !== undefined) map.delete(oldest);
}
