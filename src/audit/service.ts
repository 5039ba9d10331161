import type { Cluster } from "../cluster/cluster.ts";
import type { PeerRoute } from "../cluster/peer-route.ts";
import type { AuditNote } from "../cluster/server-record.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Random } from "../platform/random.ts";
import { Shared } from "../platform/shared.ts";
import type { Timers } from "../platform/timers.ts";
import type { Journal } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { AuditResult, AuditService } from "./audit.ts";
import { Auditor } from "./auditor.ts";
import type { Scope } from "./canvass.ts";
import { Inquiry } from "./inquiry.ts";
import { OwnAudits } from "./own-audits.ts";
import { Responder } from "./responder.ts";

export interface AuditDeps {
  readonly cluster: Cluster;
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Of the audits of this node's own tanks and pairs; undefined for none. */
  readonly intervalMs?: number | undefined;
}

/**
 * An audit costs every node a census of its tanks. Whoever needs none of this very moment is given
 * one of the last seconds, so that no stranger can keep a cluster busy with them.
 */
const FRESH_FOR_MS = 10_000;

export function createAudit(deps: AuditDeps): AuditService {
  return new ClusterAudit(deps);
}

class ClusterAudit implements AuditService {
  readonly #deps: AuditDeps;
  readonly #responder: Responder;
  readonly #inquiry: Inquiry;
  readonly #own: OwnAudits;
  readonly #shared: Shared<AuditResult>;
  #last: { readonly result: AuditResult; readonly endedMs: number } | undefined;
  #isRunning = false;

  constructor(deps: AuditDeps) {
    this.#deps = deps;
    const { nodeId } = deps.cluster;
    this.#responder = new Responder({ ...deps, nodeId, isReady: () => this.#isRunning });
    this.#inquiry = new Inquiry(deps.cluster, this.#responder);
    this.#shared = new Shared(() => this.#run());
    this.#own = new OwnAudits(deps, () => this.#auditorOf("own").run());
  }

  start(): void {
    this.#isRunning = true;
    const { intervalMs } = this.#deps;
    if (intervalMs !== undefined) this.#own.start(intervalMs);
  }

  stop(): void {
    this.#isRunning = false;
    this.#own.stop();
  }

  routes(): readonly PeerRoute[] {
    return this.#responder.routes();
  }

  get last(): AuditResult | undefined {
    return this.#last?.result;
  }

  get note(): AuditNote | undefined {
    return this.#own.note;
  }

  async audit({ fresh = false } = {}): Promise<AuditResult> {
    if (!this.#isRunning) throw new Problem("not_ready", "This node is starting or stopping.");
    const ageMs = this.#deps.clock.monotonicMs() - (this.#last?.endedMs ?? 0);
    if (!fresh && this.#last && ageMs < FRESH_FOR_MS) return this.#last.result;
    return this.#shared.next();
  }

  async #run(): Promise<AuditResult> {
    const result = await this.#auditorOf("cluster").run();
    this.#own.report(result);
    this.#last = { result, endedMs: this.#deps.clock.monotonicMs() };
    return result;
  }

  #auditorOf(scope: Scope): Auditor {
    return new Auditor({ ...this.#deps, inquiry: this.#inquiry }, scope);
  }
}
