import { type Instant, nowBy } from "../../../src/cluster/membership/certainty.ts";
import type { HubLease, LeaseState } from "../../../src/cluster/membership/lease.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import type { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

const TTL_MS = 6_000;
const ROUND_MS = 1_000;
/** What clocks may differ by while a lease lasts. */
const MARGIN_MS = 500;
const URL = "simulated://store";

/** A store on a simulated host that keeps one lease: the law, without the wire of a real one. */
export class LeaseStore {
  readonly #world: SimulatedWorld;
  readonly #host: SimulatedHost;
  #held: { readonly by: string; readonly untilMs: number } | undefined;
  isDown = false;
  /** How often it was asked for a renewal. */
  renewals = 0;
  /** How long its answers take. */
  answerMs = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#host = world.addHost({ name: "store", address: "10.0.0.250" });
  }

  get holder(): string | undefined {
    return this.#held && this.#held.untilMs > this.#world.nowMs ? this.#held.by : undefined;
  }

  /** Renews or acquires for `nodeId` where nobody else holds it; says who does. */
  renew(nodeId: string): string {
    this.renewals++;
    const holder = this.holder ?? nodeId;
    if (holder === nodeId) this.#held = { by: nodeId, untilMs: this.#world.nowMs + TTL_MS };
    return holder;
  }

  release(nodeId: string): void {
    if (this.holder === nodeId) this.#held = undefined;
  }

  /** The store's client on a node. */
  leaseOf(process: SimulatedProcess): HubLease {
    const isCut = () => this.isDown || this.#world.network.isCut(process.host, this.#host);
    let tell: (state: LeaseState) => void = () => {};
    let isWanted = false;
    let own = "";
    let isRunning = false;
    const round = () => {
      if (!isRunning) return;
      process.timers.after(ROUND_MS, round);
      if (isCut()) return tell({ kind: "unknown", reason: "the store does not answer" });
      const sentAt = nowBy(process.clock);
      if (this.holder === undefined) tell({ kind: "free" });
      const holder = isWanted ? this.renew(own) : this.holder;
      if (holder === undefined) return;
      const isOurs = holder === own && isWanted;
      const answer = isOurs ? heldSince(sentAt) : ({ kind: "taken", holder } as const);
      if (this.answerMs === 0) tell(answer);
      else process.timers.after(this.answerMs, () => tell(answer));
    };
    return {
      url: URL,
      start: (nodeId, onState) => {
        own = nodeId;
        tell = onState;
        isRunning = true;
        round();
      },
      want: (wanted) => {
        isWanted = wanted;
        if (!wanted) this.release(own);
      },
      stop: async () => {
        isRunning = false;
        if (!isCut()) this.release(own);
      },
    };
  }
}

function heldSince({ monotonicMs, wallMs }: Instant): LeaseState {
  const forMs = TTL_MS - MARGIN_MS;
  return { kind: "held", until: { monotonicMs: monotonicMs + forMs, wallMs: wallMs + forMs } };
}
