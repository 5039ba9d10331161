import { type Cancel, repeat, sleep } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { HubHint, PingReply } from "../wire.ts";
import { type Candidate, outranks } from "./election.ts";
import type { Liveness } from "./liveness.ts";
import { judgeTakeover, type Opinion } from "./takeover.ts";

export interface SuccessionDeps {
  readonly deps: ClusterDeps;
  readonly liveness: Liveness;
  readonly self: () => Candidate;
  /** Workers that were online when the hub fell silent, ourselves excepted. */
  readonly workers: () => readonly Candidate[];
  /** Makes sure that a node can be sent to; false when it does not answer. */
  readonly reach: (nodeId: string) => Promise<boolean>;
  /** It has answered: it is there, whatever the silent hub could tell of it. */
  readonly onHeard: (nodeId: string) => void;
  /** Somebody leads already, or follows another hub. */
  readonly onOtherHub: (hub: HubHint) => void;
  readonly claim: () => void;
  readonly rediscover: () => void;
}

const ROUND_INTERVAL_MS = 200;
const ANSWER_TIMEOUT_MS = 500;
/** The best candidates, whose claim ours would cross, and a few more whose word is as good as any. */
const CANDIDATES_ASKED = 4;
const OTHERS_ASKED = 3;

/** A worker that has lost its hub: asks the others about it until it is clear who takes over. */
export class Succession {
  readonly #with: SuccessionDeps;
  readonly #opinions = new Map<string, Opinion>();
  readonly #asking = new Set<string>();
  #hub: string | undefined;
  #hubLeft = false;
  #suspectedAtMs = 0;
  #cancel: Cancel = () => {};

  constructor(withDeps: SuccessionDeps) {
    this.#with = withDeps;
  }

  isOpenFor(hub: string, hubLeft: boolean): boolean {
    return this.#hub === hub && this.#hubLeft === hubLeft;
  }

  /** `hubLeft`: it has said itself that it leads no more, so nobody's second opinion is needed. */
  open(hub: string, hubLeft: boolean): void {
    if (this.isOpenFor(hub, hubLeft)) return;
    this.close();
    this.#hub = hub;
    this.#hubLeft = hubLeft;
    this.#suspectedAtMs = this.#with.deps.clock.monotonicMs();
    this.#opinions.clear();
    this.#cancel = repeat(this.#with.deps.timers, ROUND_INTERVAL_MS, () => this.#round(hub));
    void this.#round(hub);
  }

  /** The hub is back, or there is another. */
  close(): void {
    this.#hub = undefined;
    this.#cancel();
  }

  async #round(hub: string): Promise<void> {
    const workers = this.#with.workers().filter(({ nodeId }) => nodeId !== hub);
    const asked = this.#pick(workers).filter(({ nodeId }) => !this.#asking.has(nodeId));
    const answers = Promise.all(asked.map((worker) => this.#ask(worker, hub)));
    // Somebody who is not there must not hold up the round; its late answer counts in a later one.
    await Promise.race([answers, sleep(this.#with.deps.timers, ANSWER_TIMEOUT_MS)]);
    if (this.#hub !== hub) return;
    const verdict = judgeTakeover({
      self: this.#with.self(),
      nowMs: this.#with.deps.clock.monotonicMs(),
      suspectedAtMs: this.#suspectedAtMs,
      opinions: [...this.#opinions.values()],
      othersKnown: workers.length,
      hubLeft: this.#hubLeft,
    });
    if (verdict === "claim") this.#with.claim();
    if (verdict === "rediscover") this.#with.rediscover();
  }

  #pick(workers: readonly Candidate[]): readonly Candidate[] {
    const sorted = workers.toSorted((a, b) => (outranks(a, b) ? -1 : 1));
    const others = sorted.slice(CANDIDATES_ASKED);
    const start = Math.floor(this.#with.deps.random.unit() * Math.max(1, others.length));
    const turned = [...others.slice(start), ...others.slice(0, start)];
    return [...sorted.slice(0, CANDIDATES_ASKED), ...turned.slice(0, OTHERS_ASKED)];
  }

  async #ask(worker: Candidate, hub: string): Promise<void> {
    this.#asking.add(worker.nodeId);
    try {
      if (!(await this.#with.reach(worker.nodeId))) return;
      const pong = await this.#with.liveness.ask(worker.nodeId, hub, ANSWER_TIMEOUT_MS);
      if (pong && this.#hub === hub) this.#hear(worker, hub, pong.reply);
    } catch {
      // No answer is no opinion.
    }
    this.#asking.delete(worker.nodeId);
  }

  #hear(worker: Candidate, hub: string, reply: PingReply): void {
    const atMs = this.#with.deps.clock.monotonicMs();
    const { standing } = reply;
    this.#with.onHeard(worker.nodeId);
    if (standing.hub && standing.hub.node_id !== hub) {
      this.#with.onOtherHub(standing.hub);
    }
    this.#opinions.set(worker.nodeId, {
      nodeId: worker.nodeId,
      priority: standing.priority,
      mayClaim: standing.may_claim,
      lost: reply.lost,
      atMs,
    });
  }
}
