import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import { Backoff, type Dialer } from "../handshake/dialer.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import type { RoleKeeper } from "./role.ts";
import { decayingMax } from "./suspicion.ts";

export interface UpkeepDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly registry: Registry;
  readonly role: RoleKeeper;
  readonly dialer: Dialer;
  /** Boot id of the node that vouches for the others. */
  readonly vouching: () => string | undefined;
  /** This node's addresses, tanks or status may have changed; `due` when a heartbeat is. */
  readonly refreshSelf: (due: boolean) => void;
  readonly refreshDiscovery: () => void;
  readonly noticeSolitude: () => void;
}

/** A hub must announce a changed address before anybody suspects its death. */
const CHECK_MS = 500;
/** A worker's changes are not urgent, and most nodes are workers. */
const WORKER_CHECK_MS = 2_000;
/**
 * Discovery looks again soon after the start and after the loss of a hub, then less and less often.
 */
const REFRESH_MIN_MS = 2_000;
/** Absent nodes are looked for soon, then at every health check. */
const REDIAL_MIN_MS = 2_000;
/** Per check, so that a registry full of dead nodes costs little. */
const REDIALS_PER_CHECK_MAX = 4;
/** A node that is seen and does not make contact may not hear this one. */
const UNHEARD_AFTER_MS = 5_000;
/**
 * Additional delay per delay of this node's timers: a node on the same busy machine is late as
 * well.
 */
const UNHEARD_LAGS = 10;
/** Backends repeat the nominations of present nodes at least this often. */
const SIGHTING_FRESH_MS = 120_000;

/** The periodic work of a node: judges others by their silence, and looks for those it has lost. */
export class Upkeep {
  readonly #with: UpkeepDeps;
  readonly #redials: Backoff;
  #cancel: Cancel = () => {};
  #beatMs = 0;
  #refreshMs = 0;
  #refreshDelayMs = REFRESH_MIN_MS;
  #lagMs = 0;
  /** Since when this node leads. */
  #ledMs = 0;

  constructor(withDeps: UpkeepDeps) {
    this.#with = withDeps;
    withDeps.events.on("role_changed", ({ role, before }) => {
      if (role === "hub" && before.role !== "hub") this.#ledMs = this.#nowMs();
      if (role === "discovering") this.#refreshDelayMs = REFRESH_MIN_MS;
    });
    this.#redials = new Backoff(REDIAL_MIN_MS, withDeps.deps.settings.timing.healthCheckMs);
  }

  /** The delay of this node's timers, milliseconds. */
  get lagMs(): number {
    return Math.round(this.#lagMs);
  }

  start(): void {
    const nowMs = this.#nowMs();
    this.#beatMs = nowMs;
    this.#refreshMs = nowMs;
    this.#schedule();
  }

  stop(): void {
    this.#cancel();
  }

  #schedule(): void {
    const isWorker = this.#with.role.state.role === "worker";
    const delayMs = isWorker ? WORKER_CHECK_MS : CHECK_MS;
    const dueMs = this.#nowMs() + delayMs;
    this.#cancel = this.#with.deps.timers.after(delayMs, () => {
      this.#lagMs = decayingMax(this.#lagMs, this.#nowMs() - dueMs);
      this.#schedule();
      this.#check();
    });
  }

  #check(): void {
    const { deps, registry, role } = this.#with;
    const { timing } = deps.settings;
    const nowMs = this.#nowMs();
    registry.age(this.#with.vouching(), timing.pruneAfterMs);
    const due = nowMs - this.#beatMs >= timing.heartbeatMs;
    if (due) this.#beatMs = nowMs;
    this.#with.refreshSelf(due);
    if (nowMs - this.#refreshMs >= this.#refreshDelayMs) {
      this.#refreshMs = nowMs;
      this.#refreshDelayMs = Math.min(2 * this.#refreshDelayMs, timing.discoveryRefreshMs);
      this.#with.refreshDiscovery();
    }
    if (role.isHub) this.#redial(nowMs);
    this.#with.noticeSolitude();
    this.#count();
  }

  /** After a partition each side's hub finds the other side here, whatever the backends do. */
  #redial(nowMs: number): void {
    let budget = REDIALS_PER_CHECK_MAX;
    for (const peer of this.#with.table.all()) {
      if (budget === 0) return;
      if (!this.#isMissed(peer, nowMs)) {
        this.#redials.clear(peer.id);
      } else if (this.#redials.isDue(peer.id, nowMs)) {
        budget--;
        this.#redials.note(peer.id, nowMs);
        void this.#with.dialer.dial(peer.id);
      }
    }
  }

  /** It was listed and is offline or silent, or is seen and neither listed nor met. */
  #isMissed({ id, registration, sighting, addresses }: Peer, nowMs: number): boolean {
    if (id === this.#with.deps.identity.nodeId || addresses.length === 0) return false;
    if (registration) {
      if (!registration.record.signed) return false;
      // What the previous hub has reported holds for those that contact this one within a moment.
      const isHearsay = registration.toldBy !== undefined && nowMs - this.#ledMs > UNHEARD_AFTER_MS;
      return registration.status === "offline" || isHearsay;
    }
    if (!sighting || nowMs - sighting.atMs > SIGHTING_FRESH_MS) return false;
    return nowMs - sighting.firstMs > UNHEARD_AFTER_MS + UNHEARD_LAGS * this.#lagMs;
  }

  #count(): void {
    const counts = { online: 0, degraded: 0, offline: 0 };
    for (const { status } of this.#with.registry.entries()) counts[status]++;
    for (const [status, count] of Object.entries(counts)) {
      this.#with.deps.metrics.set("tankd_servers", count, { status });
    }
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
