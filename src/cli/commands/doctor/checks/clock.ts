import { rfc3339 } from "../../../../platform/clock.ts";
import { type Check, fail, ok, warn } from "../check.ts";
import type { Facts } from "../facts.ts";

/** Tolerance for the delay between reading a clock and receiving its value. */
const TOLERATED_MS = 30_000;
/** Older than tankd itself: a clock without a battery starts in 1970. */
const EARLIEST_MS = Date.parse("2025-01-01T00:00:00Z");
const MEND = "sudo timedatectl set-ntp true (macOS: sudo sntp -sS time.apple.com)";

/** Offset of another clock against this one. */
interface Offset {
  readonly server: string;
  readonly ms: number;
}

/** Nodes work with wrong clocks, but show wrong times. */
export function clockChecks(facts: Facts): readonly Check[] {
  const { machine } = facts;
  if (machine && machine.wallMs < EARLIEST_MS) {
    return [fail("clock", `the clock of this machine says ${rfc3339(machine.wallMs)}`, MEND)];
  }
  const offsets = offsetsOf(facts);
  if (offsets.length === 0) {
    return machine
      ? [ok("clock", `it is ${rfc3339(machine.wallMs)}; no other clock to compare`)]
      : [];
  }
  const majority = majorityAgainst(offsets);
  if (majority !== undefined) {
    const { ms, server } = majority;
    const what = `this clock is ${apart(-ms)} most others, for example that of ${server}`;
    return [warn("clock", what, MEND)];
  }
  const wrong = offsets.filter(({ ms }) => Math.abs(ms) > TOLERATED_MS);
  if (wrong.length === 0) {
    const most = Math.max(...offsets.map(({ ms }) => Math.abs(ms)));
    return [
      ok("clock", `the clocks of ${offsets.length} others differ by at most ${seconds(most)}`),
    ];
  }
  return wrong.map(({ server, ms }) =>
    warn(`clock:${server}`, `the clock of ${server} is ${apart(ms)} this one`, `on it: ${MEND}`),
  );
}

/** One of the clocks that differ from this one, if most of them agree. */
function majorityAgainst(offsets: readonly Offset[]): Offset | undefined {
  const sides = [
    offsets.filter(({ ms }) => ms > TOLERATED_MS),
    offsets.filter(({ ms }) => ms < -TOLERATED_MS),
  ];
  const most = sides.find((side) => side.length > 1 && 2 * side.length > offsets.length);
  return most?.toSorted((a, b) => a.ms - b.ms)[Math.floor(most.length / 2)];
}

function offsetsOf({ node, machine }: Facts): readonly Offset[] {
  const peers = node.kind === "running" && "peers" in node.trial ? node.trial.peers : [];
  const known = peers.flatMap(({ server_id: server, clock_offset_ms: ms }) =>
    ms === null ? [] : [{ server, ms }],
  );
  const hubs = (machine?.hubs ?? []).flatMap(({ answer }) =>
    answer.kind === "answers" ? [{ server: answer.server, ms: answer.clockOffsetMs }] : [],
  );
  return [...known, ...hubs];
}

function apart(ms: number): string {
  return `${seconds(Math.abs(ms))} ${ms > 0 ? "ahead of" : "behind"}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
