import { expect, test } from "bun:test";
import type { AuditResult, Finding } from "../../src/audit/audit.ts";
import { isFine, noteWords } from "../../src/audit/note-words.ts";
import { OwnAudits } from "../../src/audit/own-audits.ts";
import type { LogFields } from "../../src/telemetry/log.ts";
import type { MetricLabels, MetricName } from "../../src/telemetry/metrics.ts";
import { ManualTime } from "../support/manual-time.ts";

const AT = "2026-12-01T10:00:00.000Z";
const LOST: Finding = { fish_id: "f-1", count: 1, what: "fish f-1, tank reef of left: lost" };

function resultOf(change: Partial<AuditResult> = {}): AuditResult {
  return {
    ok: true,
    complete: true,
    missing: [],
    double: [],
    in_escrow: 0,
    alive: 9,
    unreachable: [],
    unsettled: [],
    notes: [],
    nodes: 1,
    tanks: 1,
    pairs: 0,
    at: AT,
    duration_ms: 3,
    ...change,
  };
}

/** Audits every minute; the results are those given, one after the other. */
function audits(results: readonly (AuditResult | Error)[]) {
  const time = new ManualTime();
  const logged: { event: string; fields: LogFields | undefined }[] = [];
  const measured = new Map<string, number>();
  const nameOf = (name: MetricName, labels: MetricLabels = {}) =>
    [name, ...Object.values(labels)].join(" ");
  const note = (event: string, fields?: LogFields) => void logged.push({ event, fields });
  const left = [...results];
  const own = new OwnAudits(
    {
      timers: time.timers,
      random: { unit: () => 0, bytes: (length) => new Uint8Array(length) },
      log: { debug() {}, info() {}, warn: note, error: note },
      metrics: {
        count: (name, labels) => {
          const key = nameOf(name, labels);
          measured.set(key, (measured.get(key) ?? 0) + 1);
        },
        set: (name, value, labels) => void measured.set(nameOf(name, labels), value),
        observe() {},
      },
    },
    async () => {
      const next = left.shift() ?? resultOf();
      if (next instanceof Error) throw next;
      return next;
    },
  );
  own.start(60_000);
  const pass = async (ms: number) => {
    time.pass(ms);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { own, pass, logged, measured };
}

test("a node notes what its last audit has found, and when one was last complete", async () => {
  const incomplete = resultOf({ ok: false, complete: false, at: "2026-12-01T10:01:00.000Z" });
  const { own, pass, measured } = audits([resultOf(), incomplete]);
  await pass(29_999);
  expect(own.note).toBeUndefined();
  await pass(1);
  expect(own.note).toEqual({ at: AT, complete: true, missing: 0, double: 0, whole_at: AT });
  await pass(60_000);
  expect(own.note).toMatchObject({ at: "2026-12-01T10:01:00.000Z", complete: false, whole_at: AT });
  expect(measured.get("tankd_audits_total fine")).toBe(1);
  expect(measured.get("tankd_audits_total incomplete")).toBe(1);
  expect(measured.get("tankd_audit_whole_timestamp_seconds")).toBe(Date.parse(AT) / 1000);
  own.stop();
  await pass(600_000);
  expect(own.note?.complete).toBe(false);
});

test("each finding is logged once, however often it is found", async () => {
  const found = resultOf({ ok: false, missing: [LOST] });
  const { own, pass, logged, measured } = audits([found, found]);
  await pass(30_000);
  await pass(60_000);
  own.report({ missing: [LOST], double: [] });
  const { fish_id, count, what } = LOST;
  expect(logged).toEqual([
    { event: "audit finding", fields: { kind: "missing", fish_id: fish_id ?? "", count, what } },
  ]);
  expect(own.note).toMatchObject({ missing: 1, double: 0 });
  expect(measured.get("tankd_audit_findings missing")).toBe(1);
});

test("an audit that fails is logged, and the next is made", async () => {
  const { own, pass, logged } = audits([new Error("disk"), resultOf()]);
  await pass(30_000);
  expect(logged).toEqual([{ event: "audit failed", fields: { reason: "disk" } }]);
  expect(own.note).toBeUndefined();
  await pass(60_000);
  expect(own.note?.complete).toBe(true);
});

test("a note in words", () => {
  const note = { at: AT, complete: true, missing: 0, double: 0, whole_at: AT };
  const nowMs = Date.parse(AT) + 12_000;
  expect(noteWords(note, nowMs)).toBe("fine, complete 12 s ago");
  expect(noteWords({ ...note, complete: false, whole_at: null }, nowMs)).toBe(
    "not complete; none was complete yet",
  );
  const lost = { ...note, missing: 2 };
  expect([noteWords(lost, nowMs), isFine(lost)]).toEqual([
    "2 fish missing, 0 double; complete 12 s ago",
    false,
  ]);
});
