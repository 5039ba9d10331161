import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { LIMITS } from "../../src/platform/limits.ts";
import { digest, ENGINE_VERSION } from "../../src/sim/index.ts";
import { chronicleOf, requireEngine, type TankArchive } from "../../src/tanks/archive/archive.ts";
import { decodeArchive, encodeArchive } from "../../src/tanks/archive/archive-file.ts";
import { collectArchive } from "../../src/tanks/archive/collect.ts";
import { packLog, unpackLog } from "../../src/tanks/archive/log-section.ts";
import { promiseOf } from "../../src/tanks/replay/chronicle.ts";
import { makeSnapshot } from "../../src/tanks/snapshots/snapshot-making.ts";
import { refusal } from "./harness.ts";
import { chronicleIn, digestAt, livedPast, type Past, rewritten, travelIn } from "./past.ts";

const MAKER = { programVersion: "1.2.3", madeAtMs: 1234, engineVersion: ENGINE_VERSION };

async function archived(past: Past): Promise<TankArchive> {
  return collectArchive(await chronicleIn(past), MAKER);
}

function bytesOf(archive: TankArchive): Uint8Array {
  const encoded = encodeArchive(archive);
  if (encoded.kind !== "ok") throw new Error(encoded.detail);
  return encoded.bytes;
}

function archiveIn(bytes: Uint8Array): TankArchive {
  const decoded = decodeArchive(bytes);
  if (decoded.kind !== "ok") throw new Error(decoded.detail);
  return decoded.archive;
}

/** The file with its checksum made anew: what only somebody who means it can do. */
function resealed(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const body = sealed.subarray(0, -32);
  sealed.set(createHash("sha256").update(body).digest(), body.length);
  return sealed;
}

function changedHeader(bytes: Uint8Array, change: (header: string) => string): Uint8Array {
  const length = new DataView(bytes.buffer).getUint32(8, true);
  const header = new TextDecoder().decode(bytes.subarray(12, 12 + length));
  const head = new TextEncoder().encode(change(header));
  const file = new Uint8Array(bytes.length - length + head.length);
  file.set(bytes.subarray(0, 12));
  new DataView(file.buffer).setUint32(8, head.length, true);
  file.set(head, 12);
  file.set(bytes.subarray(12 + length), 12 + head.length);
  return resealed(file);
}

const trimmed = await livedPast({ logRetention: "trim" });
const whole = await livedPast({ logRetention: "all" });
const trimmedBytes = bytesOf(await archived(trimmed));
const wholeBytes = bytesOf(await archived(whole));

describe("an archive", () => {
  test("reads as it was written, from the spec or from the oldest snapshot", async () => {
    for (const past of [trimmed, whole]) {
      const archive = await archived(past);
      expect(archiveIn(bytesOf(archive))).toEqual(archive);
    }
    expect(archiveIn(wholeBytes).base).toBeUndefined();
    expect(archiveIn(wholeBytes).entries[0]?.seq).toBe(1);
    const { base, entries } = archiveIn(trimmedBytes);
    expect(entries[0]?.seq).toBe((base?.snapshot.seq ?? 0) + 1);
  });

  test("that asks for years of ticks in a few bytes is refused", async () => {
    const archive = await archived(whole);
    const last = archive.entries.at(-1);
    if (!last) throw new Error("it has a log");
    const tick = last.tick + 1_000_000_000;
    const late = bytesOf({
      ...archive,
      entries: [...archive.entries.slice(0, -1), { ...last, tick }],
    });
    expect(decodeArchive(late)).toMatchObject({
      kind: "bad",
      detail: expect.stringContaining("mark"),
    });
    const far = changedHeader(wholeBytes, (header) =>
      header.replace(
        /"snapshots":\[\{"seq":(\d+),"tick":\d+/,
        `"snapshots":[{"seq":$1,"tick":${tick}`,
      ),
    );
    expect(far).not.toEqual(wholeBytes);
    expect(decodeArchive(far)).toMatchObject({
      kind: "bad",
      detail: expect.stringContaining("mark"),
    });
  });

  test("remembers what was acknowledged: a log that has lost its end is not whole", async () => {
    const archive = await archived(whole);
    const last = archive.entries.at(-1);
    if (!last) throw new Error("it has a log");
    const { tank_id, seq, tick, checksum } = last;
    const watermark = { tank_id, seq: seq + 1, tick, checksum };
    const cut = archiveIn(bytesOf({ ...archive, watermark }));
    expect(cut.watermark).toEqual(watermark);
    const { divergence } = await travelIn(whole.bench, chronicleOf(cut), { from: "oldest" });
    expect(divergence).toMatchObject({ kind: "lost", seq });
  });

  test("whose tank has a name that moves a cursor is refused", async () => {
    const archive = await archived(whole);
    const named = bytesOf({ ...archive, row: { ...archive.row, name: "reef\u001b[2J" } });
    expect(decodeArchive(named)).toMatchObject({
      kind: "bad",
      detail: expect.stringContaining("tank.name: contains control characters"),
    });
  });

  test("is replayed to the same end, with the same digests on the way", async () => {
    for (const [past, bytes] of [
      [trimmed, trimmedBytes],
      [whole, wholeBytes],
    ] as const) {
      const chronicle = chronicleOf(archiveIn(bytes));
      expect(promiseOf(chronicle)).toEqual(promiseOf(await chronicleIn(past)));
      const { replay, divergence } = await travelIn(past.bench, chronicle);
      expect(divergence).toBeUndefined();
      expect(digest(replay.world)).toBe(digestAt(past, replay.world.tick));
      expect(replay.checked.snapshots).toBeGreaterThan(0);
    }
  });

  test("begins after a damaged snapshot; without any sound one there is none", async () => {
    const past = await livedPast({ logRetention: "trim" });
    const { snapshots } = await chronicleIn(past);
    past.bench.host.disk.damage(snapshots[0]?.file ?? "", 99);
    expect((await archived(past)).base?.snapshot.seq).toBe(snapshots[1]?.seq ?? -1);
    past.bench.host.disk.damage(snapshots[1]?.file ?? "", 99);
    expect(await refusal(archived(past))).toBe("outside_history");
  });

  test("holds what the engine of its end can replay, also where that is not this one", async () => {
    const chronicle = await chronicleIn(whole);
    const boundary = chronicle.snapshots[1];
    const mixed = rewritten(chronicle, ({ seq }) => ({
      engine_version: seq <= (boundary?.seq ?? 0) ? 7 : 8,
    }));
    const archive = await collectArchive(mixed, MAKER);
    expect(archive.engineVersion).toBe(8);
    expect(archive.base?.snapshot.seq).toBe(boundary?.seq ?? -1);
    const read = archiveIn(bytesOf(archive));
    expect(() => requireEngine(read, ENGINE_VERSION)).toThrow("use tankd 1.2.3");
    requireEngine(read, 8);
  });

  test("that would be too large is refused, not cut", async () => {
    const archive = await archived(whole);
    const [entry] = archive.entries;
    if (!entry) throw new Error("no entries");
    const long = { ...entry, payload: new Uint8Array(LIMITS.archiveLogBytesMax / 16) };
    const entries = Array.from({ length: 17 }, () => long);
    expect(encodeArchive({ ...archive, entries })).toMatchObject({ kind: "too_large" });
  });
});

describe("damage is an answer, not a crash", () => {
  test("cut anywhere", () => {
    fc.assert(
      fc.property(fc.nat(trimmedBytes.length - 1), (length) => {
        expect(decodeArchive(trimmedBytes.slice(0, length)).kind).toBe("bad");
      }),
    );
  });

  test("a byte changed anywhere", () => {
    fc.assert(
      fc.property(fc.nat(wholeBytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const bytes = wholeBytes.slice();
        bytes[at] = (bytes[at] ?? 0) ^ bits;
        expect(decodeArchive(bytes).kind).toBe("bad");
      }),
      { numRuns: 300 },
    );
  });

  test("a byte changed anywhere by somebody who makes the checksum fit", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(trimmedBytes, wholeBytes),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (sound, place, bits) => {
          const bytes = sound.slice();
          // Most often in the header, where the lengths are.
          const at = place % (place % 3 === 0 ? bytes.length : 900);
          bytes[at] = (bytes[at] ?? 0) ^ bits;
          const decoded = decodeArchive(resealed(bytes));
          expect(["ok", "bad"]).toContain(decoded.kind);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("anything at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => {
        expect(decodeArchive(junk).kind).toBe("bad");
        const begun = new Uint8Array([...new TextEncoder().encode("TANKDAR1"), ...junk]);
        expect(decodeArchive(begun).kind).toBe("bad");
        if (begun.length > 40) expect(decodeArchive(resealed(begun)).kind).toBe("bad");
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["a header longer than the file", (bytes: Uint8Array) => withHeaderLength(bytes, 60_000)],
    ["a header of 4 GB", (bytes: Uint8Array) => withHeaderLength(bytes, 0xffff_ffff)],
    [
      "a base longer than the file",
      (bytes: Uint8Array) =>
        changedHeader(bytes, (text) =>
          text.replace(/"base":\{"seq":(\d+),"bytes":\d+/, '"base":{"seq":$1,"bytes":99999999'),
        ),
    ],
    [
      "more entries than there are",
      (bytes: Uint8Array) =>
        changedHeader(bytes, (text) => text.replace(/"entries":\d+/, '"entries":1000000')),
    ],
    [
      "a log that unpacks to more than it says",
      (bytes: Uint8Array) =>
        changedHeader(bytes, (text) => text.replace(/"unpacked_bytes":\d+/, '"unpacked_bytes":10')),
    ],
    [
      "a tank of a million fish",
      (bytes: Uint8Array) =>
        changedHeader(bytes, (text) => text.replace('"fish":30', '"fish":1000000')),
    ],
    [
      "a field that nobody knows",
      (bytes: Uint8Array) =>
        changedHeader(bytes, (text) => text.replace('"fish":30', '"fish":30,"x":1')),
    ],
  ])("%s", (_, change) => {
    const decoded = decodeArchive(change(trimmedBytes));
    expect(decoded.kind).toBe("bad");
    expect(decodeArchive(changedHeader(trimmedBytes, (text) => text)).kind).toBe("ok");
  });

  test("a log that is a bomb is not blown up", () => {
    const bomb = packLog([]);
    const zeros = Bun.zstdCompressSync(new Uint8Array(50_000_000));
    const said = { tankId: "a", entries: 1, unpackedBytes: 1000 };
    expect(() => unpackLog(zeros, said)).toThrow();
    expect(unpackLog(bomb.packed, { ...said, entries: 0, unpackedBytes: 0 })).toEqual([]);
  });

  test("a base of another tank is none", async () => {
    const archive = archiveIn(trimmedBytes);
    const { base } = archive;
    if (!base) throw new Error("no base");
    const other = { ...archive, row: { ...archive.row, fish: 31 } };
    const going = travelIn(trimmed.bench, chronicleOf(archiveIn(bytesOf(other))));
    expect(going).rejects.toThrow("its state is of another tank");
    const state = await chronicleOf(archive).stateOf(base.snapshot);
    const made = makeSnapshot(archive.row, {
      state: { ...state, packed: Bun.zstdCompressSync(new Uint8Array(1000)) },
      engineVersion: ENGINE_VERSION,
      logEnd: { checksum: base.snapshot.log_checksum, bytes: 0 },
      createdAtMs: base.snapshot.created_at,
    });
    const rotten = { ...archive, base: { snapshot: base.snapshot, file: made.bytes } };
    expect(travelIn(trimmed.bench, chronicleOf(rotten))).rejects.toThrow("cannot be read");
  });
});

function withHeaderLength(bytes: Uint8Array, length: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(8, length, true);
  return resealed(changed);
}
