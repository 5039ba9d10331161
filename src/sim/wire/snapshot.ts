import { ENGINE_VERSION } from "../model.ts";
import { type Allocate, heap, type Placed, TABLE_NAMES } from "../state/arena.ts";
import { numberBodies, settleBodies } from "../state/bodies.ts";
import { COUNTER_NAMES } from "../state/counters.ts";
import { FLOW_CELLS } from "../state/energy-ledger.ts";
import { formatKey } from "../state/ids.ts";
import { STREAM_WORDS } from "../state/rng.ts";
import { makeTank, reserveAll, rowsIn, type Tank } from "../state/tank.ts";
import type { TankSpec } from "../types.ts";
import { hashBytes } from "./hash.ts";

/** Why bytes are not a tank that this engine can run. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly reason: "damaged" | "other_version";
  /** The engine version that wrote it, where that could be read. */
  readonly version: number | undefined;

  constructor(reason: "damaged" | "other_version", message: string, version?: number) {
    super(message);
    this.reason = reason;
    this.version = version;
  }
}

/**
 * Words of a snapshot, little-endian: magic, engine version, length in bytes, 4 words of checksum
 * over the rest, one zero; seed, founders, counters and energy flows as f64; the key; the streams;
 * the columns of every table, each as far as it is in use.
 */
const MAGIC = 0x54444b54;
const HEADER_WORDS = 8;
const FLOWS_FROM = 2 + COUNTER_NAMES.length;
const SCALARS = FLOWS_FROM + FLOW_CELLS;
const KEY_AT = HEADER_WORDS + 2 * SCALARS;
const STREAMS_AT = KEY_AT + 2;
const TABLES_AT = STREAMS_AT + STREAM_WORDS;

/** The whole state of a tank. */
export function saveTank(tank: Tank): Uint8Array {
  settleBodies(tank);
  const { counters, arena, spec, key } = tank;
  const { flows, streams } = arena;
  const words = new Uint32Array(TABLES_AT + contentWords(tank));
  const scalars = new Float64Array(words.buffer, 4 * HEADER_WORDS, SCALARS);
  scalars.set([spec.seed, spec.fish, ...COUNTER_NAMES.map((name) => counters[name]), ...flows]);
  words.set([key.hi, key.lo], KEY_AT);
  words.set(streams, STREAMS_AT);
  let at = TABLES_AT;
  for (const name of TABLE_NAMES) {
    at = writeTable(words, at, arena[name].placed, rowsIn(tank, name));
  }
  const bytes = new Uint8Array(words.buffer);
  words.set([MAGIC, ENGINE_VERSION, bytes.length, ...hashBytes(bytes.subarray(4 * HEADER_WORDS))]);
  return bytes;
}

/** What a saved tank was made from, without making it: a tank of a million fish takes gigabytes. */
export function savedSpec(bytes: Uint8Array): TankSpec {
  return specIn(checkedWords(bytes));
}

function specIn(words: Uint32Array): TankSpec {
  const scalars = new Float64Array(words.buffer, 4 * HEADER_WORDS, SCALARS);
  return {
    seed: scalars[0],
    fish: scalars[1],
    tankKey: formatKey(words[KEY_AT], words[KEY_AT + 1]),
  };
}

/** The tank of {@link saveTank}, bit by bit. Throws {@link SnapshotError}. */
export function loadTank(bytes: Uint8Array, allocate: Allocate = heap): Tank {
  const words = checkedWords(bytes);
  const scalars = new Float64Array(words.buffer, 4 * HEADER_WORDS, SCALARS);
  const tank = makeTank(specIn(words), allocate);
  for (const [index, name] of COUNTER_NAMES.entries()) {
    tank.counters[name] = scalars[2 + index];
  }
  // Before there is made room for it: what the counters say may be nonsense.
  if (words.length !== TABLES_AT + contentWords(tank)) {
    throw damaged("its length does not fit its content");
  }
  reserveAll(tank);
  tank.arena.flows.set(scalars.subarray(FLOWS_FROM));
  tank.arena.streams.set(words.subarray(STREAMS_AT, TABLES_AT));
  let at = TABLES_AT;
  for (const name of TABLE_NAMES) {
    at = readTable(words, at, tank.arena[name].placed, rowsIn(tank, name));
  }
  numberBodies(tank);
  return tank;
}

function checkedWords(bytes: Uint8Array): Uint32Array {
  if (bytes.length < 4 * HEADER_WORDS || bytes.length % 4 !== 0) throw damaged("it is cut off");
  const copy = bytes.slice();
  const words = new Uint32Array(copy.buffer, 0, copy.length / 4);
  const [magic, version, length, ...checksum] = words.subarray(0, HEADER_WORDS - 1);
  if (magic !== MAGIC) throw damaged("it does not begin like one");
  if (version !== ENGINE_VERSION) {
    const message = `this snapshot needs engine version ${version}, this is ${ENGINE_VERSION}`;
    throw new SnapshotError("other_version", message, version);
  }
  if (length !== bytes.length || words[HEADER_WORDS - 1] !== 0) throw damaged("it is cut off");
  const actual = hashBytes(copy.subarray(4 * HEADER_WORDS));
  if (checksum.some((word, index) => word !== actual[index])) {
    throw damaged("its checksum does not match");
  }
  if (words.length < TABLES_AT) throw damaged("it is cut off");
  return words;
}

/** Words that the rows in use take; NaN when a count is none. */
function contentWords(tank: Tank): number {
  let words = 0;
  for (const name of TABLE_NAMES) {
    const rows = rowsIn(tank, name);
    if (!Number.isSafeInteger(rows) || rows < 0) return Number.NaN;
    for (const { wordWidth } of tank.arena[name].placed) words += wordWidth * rows;
  }
  return words;
}

function writeTable(words: Uint32Array, at: number, placed: readonly Placed[], count: number) {
  let end = at;
  for (const column of placed) {
    words.set(column.words.subarray(0, column.wordWidth * count), end);
    end += column.wordWidth * count;
  }
  return end;
}

function readTable(words: Uint32Array, at: number, placed: readonly Placed[], count: number) {
  let from = at;
  for (const column of placed) {
    const to = from + column.wordWidth * count;
    column.words.set(words.subarray(from, to));
    from = to;
  }
  return from;
}

function damaged(why: string): SnapshotError {
  return new SnapshotError("damaged", `this is not a whole snapshot: ${why}`);
}
