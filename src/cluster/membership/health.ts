import type { Address } from "../../discovery/backend.ts";
import { type Cancel, repeat } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { Registry } from "../registry/registry.ts";

export interface HealthDeps {
  readonly deps: ClusterDeps;
  readonly registry: Registry;
  readonly isHub: () => boolean;
  /** Whether there is a hub, which may be ourselves. */
  readonly isSettled: () => boolean;
  /** Boot id of the hub whose word on the others holds. */
  readonly vouching: () => string | undefined;
  readonly dial: (nodeId: string, addresses: readonly Address[]) => void;
  /** Speaks to the hubs that we have met and that neither lead us nor follow us yet. */
  readonly dialRivals: () => void;
  /** Our own record, tanks or addresses may have changed; `due` when a heartbeat is. */
  readonly refreshSelf: (due: boolean) => void;
  readonly refreshDiscovery: () => void;
}

const CHECK_MS = 1_000;
/** Discovery looks again soon after the start, then less and less; as often as this without a hub. */
const REFRESH_MIN_MS = 2_000;
/** Two hubs that have met keep at it until one has yielded. */
const RIVAL_INTERVAL_MS = 2_000;
/** Nodes that went away are looked for soon, then at every health check. */
const REDIAL_MIN_MS = 2_000;
/** In one check, so that a registry full of the dead costs little. */
const REDIALS_PER_CHECK_MAX = 8;

interface Redial {
  atMs: number;
  delayMs: number;
}

/** What a node does all the time: judge the others by their silence, look for those it has lost. */
export class Health {
  readonly #with: HealthDeps;
  readonly #redials = new Map<string, Redial>();
  #cancel: Cancel = () => {};
  #beatMs = 0;
  #refreshMs = 0;
  #refreshDelayMs = REFRESH_MIN_MS;
  #rivalMs = 0;

  constructor(withDeps: HealthDeps) {
    this.#with = withDeps;
  }

  start(): void {
    const nowMs = this.#nowMs();
    this.#beatMs = nowMs;
    this.#refreshMs = nowMs;
    this.#rivalMs = nowMs;
    this.#cancel = repeat(this.#with.deps.timers, CHECK_MS, () => this.#check());
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const { deps, registry } = this.#with;
    const { timing } = deps.settings;
    const nowMs = this.#nowMs();
    registry.age(this.#with.vouching(), timing.pruneAfterMs);
    const due = nowMs - this.#beatMs >= timing.heartbeatMs;
    if (due) this.#beatMs = nowMs;
    this.#with.refreshSelf(due);
    if (nowMs - this.#refreshMs >= this.#refreshDelayMs) {
      this.#refreshMs = nowMs;
      const doubled = this.#with.isSettled() ? 2 * this.#refreshDelayMs : REFRESH_MIN_MS;
      this.#refreshDelayMs = Math.min(doubled, timing.discoveryRefreshMs);
      this.#with.refreshDiscovery();
    }
    if (this.#with.isHub()) {
      this.#dialRivals(nowMs);
      this.#redialLost(nowMs);
    }
    this.#count();
  }

  #dialRivals(nowMs: number): void {
    if (nowMs - this.#rivalMs < RIVAL_INTERVAL_MS) return;
    this.#rivalMs = nowMs;
    this.#with.dialRivals();
  }

  /** After a partition each side's hub finds the other side here, whatever the backends do. */
  #redialLost(nowMs: number): void {
    const { registry, deps } = this.#with;
    const lost = registry
      .entries()
      .filter(({ status, record }) => status === "offline" && record.node_id !== null);
    for (const key of this.#redials.keys()) {
      if (!lost.some((entry) => entry.key === key)) this.#redials.delete(key);
    }
    let budget = REDIALS_PER_CHECK_MAX;
    for (const { key, addresses } of lost) {
      const redial = this.#redials.get(key) ?? { atMs: nowMs, delayMs: REDIAL_MIN_MS };
      this.#redials.set(key, redial);
      if (nowMs < redial.atMs || budget === 0) continue;
      budget--;
      redial.atMs = nowMs + redial.delayMs;
      redial.delayMs = Math.min(2 * redial.delayMs, deps.settings.timing.healthCheckMs);
      this.#with.dial(key, addresses);
    }
  }

  #count(): void {
    const statuses = this.#with.registry.entries().map(({ status }) => status);
    for (const status of ["online", "degraded", "offline"] as const) {
      const count = statuses.filter((one) => one === status).length;
      this.#with.deps.metrics.set("tankd_servers", count, { status });
    }
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
