import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeSlot,
  encodeSlot,
  SLOT_BYTES,
  type SlotMark,
} from "../../../src/store/watermarks/slot-format.ts";
import { type FilePart, SlotImage } from "../../../src/store/watermarks/slot-image.ts";

const JOURNAL = "0123456789abcdef";

function markOf(tank: number, seq: number): SlotMark {
  const checksum = `${tank} ${seq}`.padStart(32, "0");
  return { tank_id: `t${tank}`, tank_key: `key ${tank}`, seq, tick: seq * 3, checksum };
}

/** A file in memory, written as its owner writes the real one. */
class File {
  bytes = new Uint8Array();
  image = new SlotImage(this.bytes);

  /** One commit: these tanks have now these marks; undefined is a tank that was removed. */
  commit(
    changes: readonly [tank: number, seq: number | undefined][],
    position: number,
  ): FilePart[] {
    while (this.image.free < changes.length || this.bytes.length === 0) this.grow();
    this.image.begin();
    for (const [tank, seq] of changes) {
      if (seq === undefined) this.image.remove(`t${tank}`);
      else this.image.set(markOf(tank, seq));
    }
    this.image.setJournal({ id: JOURNAL, position });
    const { parts, written } = this.image.stale();
    const copies = parts.map(({ offset, bytes }) => ({ offset, bytes: bytes.slice() }));
    written();
    return copies;
  }

  write(parts: readonly FilePart[]): void {
    for (const { offset, bytes } of parts) this.bytes.set(bytes, offset);
  }

  reopen(): SlotImage {
    this.image = new SlotImage(this.bytes);
    return this.image;
  }

  private grow(): void {
    this.image.grow();
    const longer = new Uint8Array(this.image.fileBytes);
    longer.set(this.bytes);
    this.bytes = longer;
  }
}

function content(image: SlotImage): Record<string, number> {
  const marks = image.marks().map((mark) => [mark.tank_id, mark.seq] as const);
  return Object.fromEntries([...marks.sort(), ["journal", image.journal?.position ?? 0]]);
}

describe("a slot", () => {
  test("says what was put into it", () => {
    const record = { generation: 2 ** 40, mark: markOf(7, 2 ** 50) };
    expect(decodeSlot(encodeSlot(record))).toEqual(record);
    const free = { generation: 3, mark: undefined };
    expect(decodeSlot(encodeSlot(free))).toEqual(free);
    expect(decodeSlot(new Uint8Array(SLOT_BYTES))).toBe("unwritten");
  });

  test("knows every single byte that is changed", () => {
    const slot = encodeSlot({ generation: 5, mark: markOf(1, 2) });
    for (let at = 0; at < SLOT_BYTES; at++) {
      const changed = slot.slice();
      changed[at] = (changed[at] ?? 0) ^ 4;
      expect(decodeSlot(changed)).toBe("damaged");
    }
  });
});

/** More tanks than have room in one page, or in one chunk. */
const TANKS = 300;
const everyTank = [...Array(TANKS).keys()].map((tank) => [tank, 1] as [number, number]);
const changes = fc.uniqueArray(
  fc.tuple(fc.nat({ max: TANKS }), fc.option(fc.nat({ max: 1000 }), { nil: undefined })),
  { maxLength: 10, selector: ([tank]) => tank },
);

describe("the file", () => {
  test("holds after every commit what was committed, whichever tanks come and go", () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 12 }), (commits) => {
        const file = new File();
        for (const [index, commit] of commits.entries()) {
          file.write(file.commit(commit, index + 1));
          const expected = content(file.image);
          expect(content(new SlotImage(file.bytes))).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("writes that are cut short, or leave garbage in all they touch, lose nothing older", () => {
    const life = fc.record({
      commits: fc.array(changes, { maxLength: 4 }),
      /** Whether the process comes and goes between the last good write and the bad one. */
      restarts: fc.boolean(),
      torn: changes,
      rubbish: fc.integer({ min: 1, max: 255 }),
      /** The part of each write that reaches the disk. */
      reaches: fc.constantFrom(0, 0.4, 0.9, 1),
    });
    fc.assert(
      fc.property(fc.array(life, { minLength: 1, maxLength: 4 }), (lives) => {
        const file = new File();
        file.write(file.commit(everyTank, 0));
        let position = 0;
        /** The last acknowledged content, and those that were being written since. */
        let possible = [content(file.image)];
        for (const { commits, restarts, torn, rubbish, reaches } of lives) {
          for (const commit of commits) {
            file.write(file.commit(commit, ++position));
            possible = [content(file.image)];
          }
          if (restarts) file.reopen();
          const parts = file.commit(torn, ++position);
          possible.push(content(file.image));
          for (const { offset, bytes } of parts) {
            const whole = Math.floor(bytes.length * reaches);
            file.bytes.set(bytes.subarray(0, whole), offset);
            file.bytes.fill(rubbish, offset + whole, offset + bytes.length);
          }
          const found = content(file.reopen());
          for (const tank of Object.keys(possible[0] ?? {})) {
            expect(possible.map((one) => one[tank])).toContain(found[tank]);
          }
        }
        // And the next commits heal the file.
        for (const _ of [1, 2]) file.write(file.commit([], ++position));
        const healed = new SlotImage(file.bytes);
        expect(content(healed)).toEqual(content(file.image));
        expect(healed.damaged).toBe(0);
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  test("a damaged slot loses that slot and no other", () => {
    const file = new File();
    file.write(
      file.commit(
        [...Array(20).keys()].map((tank) => [tank, tank + 1]),
        1,
      ),
    );
    file.write(file.commit([[3, 50]], 2));
    const side = file.bytes.length / 2;
    // The first slot is the journal's, so the tank 3 has the fifth.
    for (const offset of [4 * SLOT_BYTES + 9, side + 4 * SLOT_BYTES + 9]) {
      file.bytes[offset] = (file.bytes[offset] ?? 0) ^ 1;
    }
    const image = file.reopen();
    expect(image.damaged).toBe(1);
    expect(image.mark("t3")).toBeUndefined();
    expect(image.marks()).toHaveLength(19);
    expect(image.journal).toEqual({ id: JOURNAL, position: 2 });
  });

  test("one side alone is enough", () => {
    const file = new File();
    file.write(file.commit([[1, 1]], 1));
    file.write(file.commit([[1, 2]], 2));
    for (const side of [0, 1]) {
      const copy = file.bytes.slice();
      const half = copy.length / 2;
      copy.fill(0xa5, side * half, (side + 1) * half);
      const image = new SlotImage(copy);
      expect(image.mark("t1")?.seq).toBeGreaterThanOrEqual(1);
    }
  });

  test("a slot that was given back goes to the next tank, and never speaks for the old one", () => {
    const file = new File();
    file.write(file.commit([[1, 5]], 1));
    const { free } = file.image;
    file.write(file.commit([[1, undefined]], 2));
    file.write(file.commit([[2, 9]], 3));
    const image = file.reopen();
    expect(image.free).toBe(free);
    expect(image.mark("t1")).toBeUndefined();
    expect(image.mark("t2")).toEqual(markOf(2, 9));
  });
});

describe("a slot that was written to the place of another", () => {
  const TANKS = [1, 2, 3];
  const SIDE_BYTES = 256 * SLOT_BYTES;

  function filled(): File {
    const file = new File();
    for (let round = 1; round <= 6; round++) {
      file.write(
        file.commit(
          TANKS.map((tank) => [tank, round]),
          round,
        ),
      );
    }
    return file;
  }

  const places = [0, 1, 2, 3].flatMap((from) =>
    [0, 1, 2, 3].flatMap((to) =>
      from === to ? [] : [[from, to, 0] as const, [from, to, 1] as const],
    ),
  );

  test.each(places)(
    "%i in that of %i, on side %i: no mark is lost, and none is new",
    (from, to, side) => {
      const file = filled();
      const at = (slot: number) => side * SIDE_BYTES + slot * SLOT_BYTES;
      file.bytes.set(file.bytes.slice(at(from), at(from) + SLOT_BYTES), at(to));
      const image = file.reopen();
      expect(image.journal?.id).toBe(JOURNAL);
      expect(image.damaged).toBe(0);
      const seen = content(image);
      expect(Object.keys(seen)).toEqual(["t1", "t2", "t3", "journal"]);
      // The other side is at most one commit behind.
      for (const seq of Object.values(seen)) expect(seq).toBeGreaterThanOrEqual(5);
      file.write(file.commit([[1, 7]], 7));
      file.write(file.commit([[1, 8]], 8));
      expect(content(file.reopen())).toMatchObject({ t1: 8, journal: 8 });
    },
  );
});
