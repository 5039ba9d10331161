import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Identity } from "../identity/identity.ts";
import { isBeside, isPresent, type PresenceProof } from "./presence.ts";

export interface OwnClonesDeps {
  readonly identity: Identity;
  readonly bootId: string;
  /** Milliseconds since this node was started. */
  readonly ageMs: () => number;
  readonly isFenced: () => boolean;
  readonly fence: (problem: Problem) => void;
  readonly log: Log;
}

/** Another live start of this node. */
export interface OwnClone {
  readonly bootId: string;
  /** Undefined for versions that do not send it. */
  readonly uptimeMs: number | undefined;
  readonly fenced: boolean;
  /** Where it was met, for messages. */
  readonly where: string;
}

/**
 * Maximum age of a relayed proof: it is delivered at once, by one attempt with the longest timeout.
 */
const MESSENGER_MS = 10_000;

/** A copied or restored data directory runs twice. */
const CLONE_EVENT = "another running node has this node's key; one of them is a copy";

/**
 * Detects this node's own id elsewhere: of two live starts, the later one is fenced. Each measures
 * by its monotonic clock, so they agree, except for starts within one round trip of each other;
 * then the one with the higher boot id is fenced, unless the other is already.
 */
export class OwnClones {
  readonly #deps: OwnClonesDeps;
  /** Starts that were logged. */
  readonly #reported = new BoundedMap<string, true>(LIMITS.clonesRememberedMax);

  constructor(deps: OwnClonesDeps) {
    this.#deps = deps;
  }

  /** The other start has answered a question that was sent at this node's age `askedAtMs`. */
  meet(clone: OwnClone, askedAtMs: number): void {
    const { bootId, ageMs } = this.#deps;
    if (!this.#report(clone) || clone.fenced) return;
    const { uptimeMs } = clone;
    const later = uptimeMs === undefined || ageMs() < uptimeMs;
    const undecided = !later && askedAtMs <= uptimeMs;
    if (later || (undecided && bootId > clone.bootId)) this.#fence(clone);
  }

  /** The other start has dialled this node; the delay of its message is unknown. */
  hear(clone: OwnClone): void {
    if (!this.#report(clone) || clone.fenced) return;
    const { uptimeMs } = clone;
    if (uptimeMs !== undefined && this.#deps.ageMs() < uptimeMs) this.#fence(clone);
  }

  /** A third node that has met both delivers the proof of the other. */
  judge(proof: PresenceProof, where: string): void {
    const { identity, bootId } = this.#deps;
    const { nodeId, publicKey } = identity;
    if (!isBeside(bootId, proof) || !isPresent(publicKey, nodeId, proof)) return;
    const { boot_id, uptime_ms: uptimeMs, fenced } = proof;
    const clone = { bootId: boot_id, uptimeMs, fenced, where };
    if (!this.#report(clone) || fenced) return;
    // The other is older by now, by at most the delay of the messenger.
    if (this.#deps.ageMs() - MESSENGER_MS < uptimeMs) this.#fence(clone);
  }

  /** Logs an error, once for each start of the other one. Returns false for this start itself. */
  #report({ bootId, where }: OwnClone): boolean {
    const { identity, log, bootId: own } = this.#deps;
    if (bootId === own) return false;
    if (!this.#reported.has(bootId)) {
      this.#reported.set(bootId, true);
      log.error(CLONE_EVENT, { node_id: identity.nodeId, address: where, boot_id: bootId });
    }
    return true;
  }

  #fence({ where }: OwnClone): void {
    if (this.#deps.isFenced()) return;
    this.#deps.fence(
      new Problem(
        "directory_copied",
        `fenced: another node with this one's key was started earlier and runs ${where}; stop ` +
          "one of the two, or start this one with --fork to turn it into a new node",
      ),
    );
  }
}
