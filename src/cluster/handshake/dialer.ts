import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, Nomination } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { GivenHubs } from "./given-hubs.ts";
import type { DialResult, Handshake } from "./handshake.ts";

/** One place where a node may be. */
interface Target {
  readonly key: string;
  readonly backends: Set<string>;
  addresses: readonly Address[];
  nodeId: string | undefined;
  dialling: boolean;
  /** Dialled again as soon as the present attempt ends. */
  again: boolean;
  attempts: number;
  cancelRetry: Cancel;
}

/** What the registry of the last run nominates: we knew it, which is no discovery. */
export const MEMORY = "registry";
/** Attempts at the same time: a classroom that is switched on at once is dialled in a few rounds. */
const DIALS_MAX = 16;
const RETRY_MIN_MS = 500;
/** Then it is left to the backend to nominate it again; hubs that were given are tried for ever. */
const RETRIES_MAX = 4;

/**
 * Follows up nominations: each is dialled for the handshake, tried again a few times, and forgotten.
 * Nothing that a backend or a peer says about a node is believed here.
 */
export class Dialer {
  readonly #deps: ClusterDeps;
  readonly #handshake: Handshake;
  readonly #given: GivenHubs;
  readonly #isOwn: (address: Address) => boolean;
  readonly #targets = new Map<string, Target>();
  readonly #waiting = new Set<Target>();
  readonly #underWay = new Map<string, Promise<DialResult>>();
  #dialling = 0;
  #stopped = false;

  constructor(
    deps: ClusterDeps,
    handshake: Handshake,
    given: GivenHubs,
    isOwn: (address: Address) => boolean,
  ) {
    this.#deps = deps;
    this.#handshake = handshake;
    this.#given = given;
    this.#isOwn = isOwn;
  }

  /** Names of the backends that have nominated this node. */
  discoveredBy(nodeId: string): readonly string[] {
    const found = [...this.#targets.values()].filter((target) => target.nodeId === nodeId);
    const names = new Set(found.flatMap(({ backends }) => [...backends]));
    names.delete(MEMORY);
    return [...names].sort();
  }

  nominate(nomination: Nomination): void {
    const { identity, settings } = this.#deps;
    if (this.#stopped) return;
    // Our own announcement; with other addresses it would be a copy of this node.
    const own = nomination.nodeId === identity.nodeId;
    if (own && nomination.addresses.every((address) => this.#isOwn(address))) return;
    if (nomination.cluster !== undefined && nomination.cluster !== settings.cluster) return;
    if (nomination.addresses.length === 0) return;
    const key = nomination.nodeId ?? nomination.addresses.map(formatHostPort).join(",");
    const target = this.#targets.get(key) ?? newTarget(key, nomination);
    // Last in the order of forgetting.
    this.#targets.delete(key);
    this.#targets.set(key, target);
    target.addresses = nomination.addresses;
    target.backends.add(nomination.backend);
    target.attempts = 0;
    this.#forgetOldest();
    this.#enqueue(target);
  }

  /** Dials a node that is known by id, now, and tells how it went. One attempt at a time. */
  async dial(nodeId: string, addresses: readonly Address[]): Promise<DialResult> {
    const underWay = this.#underWay.get(nodeId);
    if (underWay) return underWay;
    const attempt = this.#handshake.dial(addresses, nodeId);
    this.#underWay.set(nodeId, attempt);
    const result = await attempt;
    this.#underWay.delete(nodeId);
    return result;
  }

  stop(): void {
    this.#stopped = true;
    for (const target of this.#targets.values()) target.cancelRetry();
  }

  #enqueue(target: Target): void {
    target.cancelRetry();
    if (target.dialling) {
      target.again = true;
      return;
    }
    target.dialling = true;
    if (this.#dialling < DIALS_MAX) void this.#run(target);
    else this.#waiting.add(target);
  }

  async #run(target: Target): Promise<void> {
    this.#dialling++;
    const result = await this.#handshake.dial(target.addresses);
    this.#dialling--;
    target.dialling = false;
    if (target.backends.has("hub")) {
      for (const address of target.addresses) this.#given.note(address, result);
    }
    if (result.kind === "met") target.nodeId = result.meeting.document.node_id;
    else if (result.kind === "failed") this.#retry(target, result.reason);
    if (target.again && !this.#stopped) {
      target.again = false;
      if (result.kind === "failed") this.#enqueue(target);
    }
    const next = this.#waiting.values().next().value;
    if (!next || this.#stopped) return;
    this.#waiting.delete(next);
    void this.#run(next);
  }

  #retry(target: Target, reason: string): void {
    const { log, timers, settings } = this.#deps;
    const given = target.backends.has("hub");
    const backends = [...target.backends].join(",");
    if (!given) log.debug("a nominated node does not answer", { at: target.key, backends, reason });
    const forgotten = this.#targets.get(target.key) !== target;
    if (this.#stopped || forgotten || (target.attempts >= RETRIES_MAX && !given)) return;
    const delayMs = Math.min(
      RETRY_MIN_MS * 2 ** Math.min(target.attempts++, 16),
      settings.timing.discoveryRefreshMs,
    );
    target.cancelRetry = timers.after(delayMs, () => this.#enqueue(target));
  }

  #forgetOldest(): void {
    const oldest = this.#targets.values().next().value;
    if (this.#targets.size <= LIMITS.nominationsMax || !oldest) return;
    oldest.cancelRetry();
    this.#targets.delete(oldest.key);
    this.#waiting.delete(oldest);
  }
}

function newTarget(key: string, nomination: Nomination): Target {
  return {
    key,
    backends: new Set(),
    addresses: nomination.addresses,
    nodeId: nomination.nodeId,
    dialling: false,
    again: false,
    attempts: 0,
    cancelRetry: () => {},
  };
}
