import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Command } from "../../src/sim/types.ts";
import type { LogRow } from "../../src/store/rows.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { encodeCommand } from "../../src/tanks/log/encode-command.ts";
import { BrokenLog, chain, firstChecksum, verifyChain } from "../../src/tanks/log/log-chain.ts";
import {
  DamagedSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  type SnapshotHeader,
} from "../../src/tanks/snapshots/snapshot-file.ts";
import { packState, unpackState } from "../../src/tanks/snapshots/state-packing.ts";

const side = fc.constantFrom("left" as const, "right" as const);
const record = fc.uint8Array({ maxLength: 300 });
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("export" as const), entityId: fc.string(), side }),
  fc.record({ kind: fc.constant("import" as const), record, side }),
  fc.record({
    kind: fc.constant("import" as const),
    record,
    side,
    replaces: fc.constant(true as const),
  }),
  fc.record({
    kind: fc.constant("import" as const),
    record,
    side,
    copy: fc.constant(true as const),
  }),
  fc.record({ kind: fc.constant("restore" as const), record }),
  fc.record({ kind: fc.constant("feed" as const), portions: fc.nat() }),
  fc.record({ kind: fc.constant("spawn" as const), fish: fc.nat() }),
  fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const) }),
  fc.record({
    kind: fc.constant("set_tick_rate" as const),
    ticksPerSecond: fc.double({ min: 0, max: 1000, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("fast_forward" as const), ticks: fc.nat() }),
);

describe("a command in the log", () => {
  test("reads as it was written", () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        const read = decodeCommand(command.kind, encodeCommand(command));
        expect(JSON.stringify(read)).toBe(JSON.stringify(command));
      }),
    );
  });

  test("names the entity of an export fishId, as logs on disks do", () => {
    const text = '{"fishId":"00000000000000aa-7","side":"left"}';
    const command: Command = { kind: "export", entityId: "00000000000000aa-7", side: "left" };
    expect(new TextDecoder().decode(encodeCommand(command))).toBe(text);
    expect(decodeCommand("export", new TextEncoder().encode(text))).toEqual(command);
  });

  test("of another shape is refused", () => {
    const utf8 = new TextEncoder();
    expect(() => decodeCommand("feed", utf8.encode('{"portions":1,"x":2}'))).toThrow();
    expect(() => decodeCommand("import", utf8.encode('{"side":"up"}'))).toThrow();
    expect(() => decodeCommand("feed", utf8.encode("nonsense"))).toThrow();
    expect(decodeCommand("mark", new Uint8Array())).toBeUndefined();
  });
});

const TANK = { tank_id: "a", tank_key: "00000000000000aa" };

function logOf(length: number): LogRow[] {
  const rows: LogRow[] = [];
  let checksum = firstChecksum(TANK);
  for (let seq = 1; seq <= length; seq++) {
    const row = chain(checksum, {
      tank_id: "a",
      seq,
      tick: seq * 10,
      kind: "feed",
      payload: new Uint8Array([seq, 2, 3]),
      digest: seq % 2 ? "d" : null,
      engine_version: 1,
    });
    rows.push(row);
    checksum = row.checksum;
  }
  return rows;
}

describe("the chain of the log", () => {
  const start = { seq: 0, tick: 0, checksum: firstChecksum(TANK) };

  test("holds when nothing was touched, from the beginning or from the middle", () => {
    const rows = logOf(5);
    expect(verifyChain(start, rows)).toBe(rows[4]?.checksum as string);
    const middle = rows[1] as LogRow;
    expect(verifyChain(middle, rows.slice(2))).toBe(rows[4]?.checksum as string);
    expect(verifyChain(start, [])).toBe(start.checksum);
  });

  const changes: [string, (rows: LogRow[]) => LogRow[]][] = [
    ["tick", (rows) => changed(rows, { tick: 25 })],
    ["kind", (rows) => changed(rows, { kind: "pause" })],
    ["payload", (rows) => changed(rows, { payload: new Uint8Array([9, 2, 3]) })],
    ["digest", (rows) => changed(rows, { digest: null })],
    ["engine version", (rows) => changed(rows, { engine_version: 2 })],
    ["checksum", (rows) => changed(rows, { checksum: "0".repeat(32) })],
    ["order", ([a, b, ...rest]) => [b, a, ...rest] as LogRow[]],
    ["beginning", (rows) => rows.slice(1)],
    ["a row in the middle", (rows) => rows.toSpliced(2, 1)],
  ];
  test.each(changes)("breaks when the %s is changed", (_, change) => {
    expect(() => verifyChain(start, change(logOf(5)))).toThrow(BrokenLog);
  });

  test("breaks for the log of another tank", () => {
    const other = { ...start, checksum: firstChecksum({ ...TANK, tank_id: "b" }) };
    expect(() => verifyChain(other, logOf(1))).toThrow(BrokenLog);
  });
});

function changed(rows: readonly LogRow[], change: Partial<LogRow>): LogRow[] {
  return rows.map((row) => (row.seq === 3 ? { ...row, ...change } : row));
}

const HEADER: SnapshotHeader = {
  tank_id: "a",
  epoch: 1,
  engine_version: 1,
  seq: 5,
  tick: 70,
  digest: "d",
  log_checksum: "c",
  paused: true,
  tick_rate: 30,
};

describe("a snapshot's file", () => {
  test("reads as it was written", () => {
    const state = new Uint8Array(5000).map((_, index) => index % 7);
    const { header, state: read } = decodeSnapshot(encodeSnapshot(HEADER, packState(state)));
    expect(header).toEqual(HEADER);
    expect(read).toMatchObject({ seq: 5, tick: 70, controls: { paused: true, tickRate: 30 } });
    expect(unpackState(read.packed)).toEqual(state);
  });

  test("is known as damaged, whatever bit is flipped and wherever it is cut", () => {
    const file = encodeSnapshot(HEADER, packState(new Uint8Array(500)));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(7), (index, bit) => {
        const damaged = file.slice();
        damaged[index] = (damaged[index] ?? 0) ^ (1 << bit);
        expect(() => decodeSnapshot(damaged)).toThrow(DamagedSnapshot);
        expect(() => decodeSnapshot(file.slice(0, index))).toThrow(DamagedSnapshot);
      }),
    );
  });
});
