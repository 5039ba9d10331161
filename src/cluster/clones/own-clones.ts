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

/** Another start of this very node, as it was seen alive. */
export interface OwnClone {
  readonly bootId: string;
  /** Undefined for a version that does not tell. */
  readonly uptimeMs: number | undefined;
  readonly fenced: boolean;
  /** Where it was met, for people. */
  readonly where: string;
}

/**
 * A proof is told at once to whom it concerns: one attempt that takes the longest timeout there is.
 */
const MESSENGER_MS = 10_000;

/** A copied or restored data directory runs twice. */
const CLONE_EVENT = "another running node has this node's key; one of them is a copy";

/**
 * This node's own id, alive elsewhere: of two that run, the one that was started later is fenced.
 * Each measures for itself, on monotonic clocks, so they agree but for starts within one round trip
 * of each other; there the one with the higher boot id is, unless the other is already.
 */
export class OwnClones {
  readonly #deps: OwnClonesDeps;
  /** Starts that the log has named. */
  readonly #reported = new BoundedMap<string, true>(LIMITS.clonesRememberedMax);

  constructor(deps: OwnClonesDeps) {
    this.#deps = deps;
  }

  /** It has answered a question that was asked when this node was `askedAtMs` old. */
  meet(clone: OwnClone, askedAtMs: number): void {
    const { bootId, ageMs } = this.#deps;
    if (!this.#report(clone) || clone.fenced) return;
    const { uptimeMs } = clone;
    const later = uptimeMs === undefined || ageMs() < uptimeMs;
    const undecided = !later && askedAtMs <= uptimeMs;
    if (later || (undecided && bootId > clone.bootId)) this.#fence(clone);
  }

  /** It has dialled us; how long its words were under way is not known. */
  hear(clone: OwnClone): void {
    if (!this.#report(clone) || clone.fenced) return;
    const { uptimeMs } = clone;
    if (uptimeMs !== undefined && this.#deps.ageMs() < uptimeMs) this.#fence(clone);
  }

  /** Somebody who has met both shows the words of the other. */
  judge(proof: PresenceProof, where: string): void {
    const { identity, bootId } = this.#deps;
    const { nodeId, publicKey } = identity;
    if (!isBeside(bootId, proof) || !isPresent(publicKey, nodeId, proof)) return;
    const { boot_id, uptime_ms: uptimeMs, fenced } = proof;
    const clone = { bootId: boot_id, uptimeMs, fenced, where };
    if (!this.#report(clone) || fenced) return;
    // It is older by now: what the messenger measured holds where our own clock cannot tell.
    if (this.#deps.ageMs() - MESSENGER_MS < uptimeMs) this.#fence(clone);
  }

  /** Loudly, and once for each start of the other one. False for ourselves. */
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
          "one of the two, or start this one with --fork to make it a node of its own",
      ),
    );
  }
}
