import type { AuditNote } from "../cluster/server-record.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import { messageOf } from "../platform/errors.ts";
import type { Random } from "../platform/random.ts";
import { type Cancel, repeat, type Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { AuditResult, Finding } from "./audit.ts";

export interface OwnAuditsPorts {
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Findings that are remembered, so that each is logged once. */
const FINDINGS_REMEMBERED_MAX = 1_000;

/** Audits of this node's own tanks and pairs, again and again, and what became of the last. */
export class OwnAudits {
  readonly #ports: OwnAuditsPorts;
  readonly #run: () => Promise<AuditResult>;
  readonly #logged = new BoundedMap<string, true>(FINDINGS_REMEMBERED_MAX);
  #note: AuditNote | undefined;
  #cancel: Cancel = () => {};

  constructor(ports: OwnAuditsPorts, run: () => Promise<AuditResult>) {
    this.#ports = ports;
    this.#run = run;
  }

  /** The nodes of a cluster that were started together do not audit at the same time. */
  start(intervalMs: number): void {
    const { timers, random } = this.#ports;
    const audit = () => this.#audit();
    this.#cancel = timers.after(intervalMs * (0.5 + random.unit() / 2), () => {
      this.#cancel = repeat(timers, intervalMs, audit);
      void audit();
    });
  }

  stop(): void {
    this.#cancel();
  }

  get note(): AuditNote | undefined {
    return this.#note;
  }

  /** Logs what was found, each finding once. */
  report({ missing, double }: Pick<AuditResult, "missing" | "double">): void {
    for (const finding of missing) this.#log("missing", finding);
    for (const finding of double) this.#log("double", finding);
  }

  async #audit(): Promise<void> {
    const { log, metrics } = this.#ports;
    let result: AuditResult;
    try {
      result = await this.#run();
    } catch (error) {
      log.warn("audit failed", { reason: messageOf(error) });
      return;
    }
    this.report(result);
    const { at, complete, ok } = result;
    const [missing, double] = [sumOf(result.missing), sumOf(result.double)];
    const whole_at = complete ? at : (this.#note?.whole_at ?? null);
    this.#note = { at, complete, missing, double, whole_at };
    const outcome = missing + double > 0 ? "findings" : ok ? "fine" : "incomplete";
    metrics.count("tankd_audits_total", { outcome });
    metrics.set("tankd_audit_findings", missing, { kind: "missing" });
    metrics.set("tankd_audit_findings", double, { kind: "double" });
    if (complete) metrics.set("tankd_audit_whole_timestamp_seconds", Date.parse(at) / 1000);
  }

  #log(kind: "missing" | "double", { fish_id, count, what }: Finding): void {
    if (this.#logged.has(what)) return;
    this.#logged.set(what, true);
    this.#ports.log.error("audit finding", { kind, fish_id: fish_id ?? "", count, what });
  }
}

function sumOf(findings: readonly Finding[]): number {
  return findings.reduce((sum, { count }) => sum + count, 0);
}
