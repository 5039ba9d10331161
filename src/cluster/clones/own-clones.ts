import { Problem } from "../../platform/errors.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Identity } from "../identity/identity.ts";
import { isBeside, isPresent, type PresenceProof } from "./presence.ts";

export interface OwnClonesDeps {
  readonly identity: Identity;
  readonly bootId: string;
  /** Milliseconds since this node was started. */
  readonly ageMs: () => number;
  readonly isHeld: () => boolean;
  readonly hold: (problem: Problem) => void;
  readonly log: Log;
}

/** Another start of this very node, as it was seen alive. */
export interface OwnDouble {
  readonly bootId: string;
  /** Undefined for a version that does not tell; it does not hold either. */
  readonly uptimeMs: number | undefined;
  readonly held: boolean;
  /** Where it was met, for people. */
  readonly where: string;
}

/** A proof is told at once to whom it concerns: one attempt that takes the longest timeout there is. */
const MESSENGER_MS = 10_000;

/** A copied or restored data directory runs twice. */
const COPY_EVENT = "another running node has this node's key; one of them is a copy";

/**
 * This node's own id, alive elsewhere: of two that run, the one that was started later stands still.
 * Each measures for itself, on monotonic clocks, so they agree but for starts within one round trip
 * of each other; there the higher boot id stands still, unless the other does already.
 */
export class OwnClones {
  readonly #deps: OwnClonesDeps;
  readonly #reported = new Set<string>();

  constructor(deps: OwnClonesDeps) {
    this.#deps = deps;
  }

  /** It has answered a question that was asked when this node was `askedAtMs` old. */
  meet(double: OwnDouble, askedAtMs: number): void {
    const { bootId, ageMs } = this.#deps;
    if (!this.#report(double) || double.held) return;
    const { uptimeMs } = double;
    const later = uptimeMs === undefined || ageMs() < uptimeMs;
    const undecided = !later && askedAtMs <= uptimeMs;
    if (later || (undecided && bootId > double.bootId)) this.#hold(double);
  }

  /** It has dialled us; how long its words were under way is not known. */
  hear(double: OwnDouble): void {
    if (!this.#report(double) || double.held) return;
    const { uptimeMs } = double;
    if (uptimeMs !== undefined && this.#deps.ageMs() < uptimeMs) this.#hold(double);
  }

  /** Somebody who has met both shows the words of the other. */
  judge(proof: PresenceProof, where: string): void {
    const { identity, bootId } = this.#deps;
    const { nodeId, publicKey } = identity;
    if (!isBeside(bootId, proof) || !isPresent(publicKey, nodeId, proof)) return;
    const { boot_id, uptime_ms: uptimeMs, held } = proof;
    const double = { bootId: boot_id, uptimeMs, held, where };
    if (!this.#report(double) || held) return;
    // It is older by now: what the messenger measured holds where our own clock cannot tell.
    if (this.#deps.ageMs() - MESSENGER_MS < uptimeMs) this.#hold(double);
  }

  /** Loudly, and once for each start of the other one. False for ourselves. */
  #report({ bootId, where }: OwnDouble): boolean {
    const { identity, log, bootId: own } = this.#deps;
    if (bootId === own) return false;
    if (!this.#reported.has(bootId)) {
      this.#reported.add(bootId);
      log.error(COPY_EVENT, { node_id: identity.nodeId, address: where, boot_id: bootId });
    }
    return true;
  }

  #hold({ where }: OwnDouble): void {
    if (this.#deps.isHeld()) return;
    this.#deps.hold(
      new Problem(
        "directory_copied",
        `This node runs twice: another one with its key was started earlier and runs ${where}. ` +
          "The tanks here stand still, so that no fish lives twice; stop one of the two, or start " +
          "this one with --fork to make it a node of its own.",
      ),
    );
  }
}
