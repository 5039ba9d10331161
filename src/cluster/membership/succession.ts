import { type Cancel, repeat } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import { isReady } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import type { Pinger, Pong } from "./pinger.ts";
import type { RoleKeeper } from "./role.ts";
import { judgeTakeover } from "./takeover.ts";
import type { Uplink } from "./uplink.ts";

export interface SuccessionDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly registry: Registry;
  readonly pinger: Pinger;
  readonly dialer: Dialer;
  readonly uplink: Uplink;
}

/** The loss of a hub that is being handled. */
interface Loss {
  readonly hub: string;
  readonly left: boolean;
  refuses: boolean;
  /** All its addresses are being dialled. */
  isRedialled: boolean;
  /** None of the nodes that were asked first has answered yet. */
  isAsking: boolean;
  readonly lostAtMs: number;
  /** As named by the hub when it was last heard; the list may change meanwhile. */
  readonly successors: readonly string[];
  readonly othersKnown: number;
  readonly hasWholeCopy: boolean;
  readonly alsoLost: Map<string, number>;
  readonly stillHeard: Map<string, number>;
  /** Successors that have answered and also wait. */
  readonly waiting: Map<string, number>;
}

const ROUND_INTERVAL_MS = 200;
const ANSWER_TIMEOUT_MS = 600;
/** An answer is current for this long; every node is asked again more often. */
const OPINION_FRESH_MS = 2_500;
/**
 * A node that has not answered for this long, although asked in every round, may have died with the
 * hub.
 */
const ANSWER_FRESH_MS = 1_000;
/**
 * Nodes that a successor asks besides the other one: any of them can confirm the loss, and one is
 * enough.
 */
const OTHERS_ASKED = 3;
/**
 * The hub may have moved and others may hear it: nobody claims before they have had this long to
 * report it.
 */
const PATIENCE_MS = ANSWER_TIMEOUT_MS;

/**
 * The procedure of a worker that has lost its hub: it tells the successors, who ask a few others,
 * until it is clear who leads. Only a node that the hub itself has named is followed without a new
 * search for a hub.
 */
export class Succession {
  readonly #with: SuccessionDeps;
  readonly #asking = new Set<string>();
  #loss: Loss | undefined;
  #cancel: Cancel = () => {};

  constructor(withDeps: SuccessionDeps) {
    this.#with = withDeps;
    const { events } = withDeps;
    events.on("hub_lost", ({ hub, left, refuses }) => this.#open(hub, left, refuses));
    events.on("hub_heard", () => this.close());
    events.on("role_changed", () => this.close());
    events.on("met", ({ meeting }) => {
      const { node_id: nodeId, standing } = meeting.document;
      if (standing.role === "hub") withDeps.uplink.noteLead(nodeId);
    });
  }

  close(): void {
    this.#loss = undefined;
    this.#cancel();
  }

  #open(hub: string, left: boolean, refuses: boolean): void {
    const { deps, uplink } = this.#with;
    if (this.#loss?.hub === hub && this.#loss.left === left) {
      this.#loss.refuses ||= refuses;
      return;
    }
    this.close();
    deps.log.info(left ? "the hub has left" : "the hub has fallen silent", { hub });
    const loss: Loss = {
      hub,
      left,
      refuses,
      isRedialled: false,
      isAsking: false,
      lostAtMs: deps.clock.monotonicMs(),
      successors: uplink.successors,
      othersKnown: this.#others(hub).length,
      hasWholeCopy: uplink.hasWholeCopy,
      alsoLost: new Map(),
      stillHeard: new Map(),
      waiting: new Map(),
    };
    this.#loss = loss;
    if (!left && !refuses) void this.#redial(loss);
    this.#cancel = repeat(deps.timers, ROUND_INTERVAL_MS, () => this.#round());
    if (left || refuses) this.#round();
    else void this.#askFirst(loss);
  }

  /** If the hub has only one address, the pings have already tried it. */
  async #redial(loss: Loss): Promise<void> {
    const addresses = this.#with.table.get(loss.hub)?.addresses ?? [];
    if (addresses.length < 2) return;
    loss.isRedialled = true;
    await this.#with.uplink.redial(loss.hub);
    loss.isRedialled = false;
  }

  #round(): void {
    const loss = this.#loss;
    if (!loss) return;
    void Promise.all(this.#ask(loss));
    const lostForMs = this.#with.deps.clock.monotonicMs() - loss.lostAtMs;
    const isOpen = loss.isRedialled || loss.isAsking;
    if (isOpen && !loss.refuses && lostForMs < PATIENCE_MS) return;
    const verdict = this.#judge(loss);
    if (verdict === "claim") this.#with.role.lead();
    else if (verdict === "rediscover") this.#with.role.discover();
    else if (verdict === "detour") this.#detour(loss);
  }

  /** Follows the hub through another worker that hears it and relays. */
  #detour(loss: Loss): void {
    const { role, table, deps } = this.#with;
    const sinceMs = deps.clock.monotonicMs() - OPINION_FRESH_MS;
    const found = [...loss.stillHeard].find(([nodeId, atMs]) => {
      const isNews = atMs >= Math.max(sinceMs, loss.alsoLost.get(nodeId) ?? 0);
      return isNews && isReady(table.get(nodeId));
    });
    const via = found?.[0];
    if (via !== undefined) role.follow(loss.hub, role.state.term, via);
  }

  #judge(loss: Loss) {
    const { deps, role, uplink } = this.#with;
    const { self } = role.state;
    const nowMs = deps.clock.monotonicMs();
    const fresh = (said: ReadonlyMap<string, number>, withinMs = OPINION_FRESH_MS) =>
      [...said].filter(([, atMs]) => atMs >= nowMs - withinMs).map(([nodeId]) => nodeId);
    const reporters = uplink.reportersOf(loss.hub, OPINION_FRESH_MS);
    const alsoLost = new Set([...fresh(loss.alsoLost), ...reporters]);
    const place = loss.successors.indexOf(self.nodeId);
    const earlier = loss.successors.slice(0, Math.max(0, place));
    return judgeTakeover({
      nowMs,
      lostAtMs: loss.lostAtMs,
      place: place === -1 ? undefined : place,
      hasSuccessors: loss.successors.length > 0,
      mayClaim: self.mayClaim,
      hubLeft: loss.left,
      hubRefuses: loss.refuses,
      earlierAnswers: fresh(loss.waiting, ANSWER_FRESH_MS).some((one) => earlier.includes(one)),
      alsoLost: alsoLost.size,
      stillHeard: fresh(loss.stillHeard).filter((one) => !alsoLost.has(one)).length,
      othersKnown: loss.othersKnown,
      hasWholeCopy: loss.hasWholeCopy,
    });
  }

  /**
   * A report may have arrived before this node's own loss: it must not overtake those that hear the
   * hub.
   */
  async #askFirst(loss: Loss): Promise<void> {
    loss.isAsking = true;
    await Promise.all(this.#ask(loss));
    loss.isAsking = false;
    if (this.#loss === loss) this.#round();
  }

  #ask(loss: Loss): readonly Promise<void>[] {
    const { role } = this.#with;
    const { nodeId } = role.state.self;
    const named = loss.successors.filter((one) => one !== nodeId);
    const asked = loss.successors.includes(nodeId)
      ? [...named, ...this.#someOthers(loss, named)]
      : named;
    return asked.filter((one) => !this.#asking.has(one)).map((one) => this.#askOne(one, loss));
  }

  async #askOne(nodeId: string, loss: Loss): Promise<void> {
    this.#asking.add(nodeId);
    try {
      // A handshake with a successor follows its naming soon, and at the latest now.
      if (!isReady(this.#with.table.get(nodeId))) await this.#with.dialer.dial(nodeId);
      const content = { registry: null, lostHub: loss.hub, otherHubs: [] };
      const pong = await this.#with.pinger.ask(nodeId, content, ANSWER_TIMEOUT_MS);
      if (pong && this.#loss === loss) this.#hear(nodeId, loss, pong);
    } catch {
      // No answer is no opinion.
    } finally {
      this.#asking.delete(nodeId);
    }
  }

  #hear(nodeId: string, loss: Loss, { reply }: Pong): void {
    const { registry, role, deps } = this.#with;
    const { standing, lost } = reply;
    registry.see(nodeId);
    if (standing.role === "hub" && loss.successors.includes(nodeId)) {
      role.follow(nodeId, standing.term);
      return;
    }
    const atMs = deps.clock.monotonicMs();
    if (standing.hub?.node_id === loss.hub) loss.waiting.set(nodeId, atMs);
    if (lost === true) loss.alsoLost.set(nodeId, atMs);
    if (lost === false) loss.stillHeard.set(nodeId, atMs);
  }

  /** Other listed nodes with a current handshake, another few in each round. */
  #someOthers(loss: Loss, except: readonly string[]): readonly string[] {
    const { table, deps } = this.#with;
    const others = this.#others(loss.hub).filter(
      (one) => !except.includes(one) && isReady(table.get(one)),
    );
    const start = Math.floor(deps.random.unit() * Math.max(1, others.length));
    return [...others.slice(start), ...others.slice(0, start)].slice(0, OTHERS_ASKED);
  }

  /** Workers that were online when the hub was last heard, except this node. */
  #others(hub: string): readonly string[] {
    const { registry, deps } = this.#with;
    return registry
      .entries()
      .filter(({ record, status }) => record.member && status === "online")
      .map(({ key }) => key)
      .filter((key) => key !== hub && key !== deps.identity.nodeId);
  }
}
