import { expect, test } from "bun:test";
import { StorageUnavailable } from "../../../src/platform/errors.ts";
import type { JournalWrite } from "../../../src/store/journal.ts";
import { type SlotFile, Watermarks } from "../../../src/store/sqlite/watermarks.ts";
import { SlotImage } from "../../../src/store/watermarks/slot-image.ts";
import { logRow, tankRow } from "../rows.ts";

/** A file on a disk that can be told to take no writes. */
function fakeFile() {
  const image = new SlotImage(new Uint8Array());
  image.grow();
  const faults = { flush: false, reserve: false };
  const fail = () => {
    throw new StorageUnavailable("the disk reports an error");
  };
  const file: SlotFile = {
    image,
    reserve: (slots) => {
      if (faults.reserve && slots > 0) fail();
    },
    flush: () => {
      if (faults.flush) fail();
      image.stale().written();
    },
    close: () => {},
  };
  return { file, faults };
}

const entry = (seq: number): readonly JournalWrite[] => [{ put: "log", row: logRow("t1", seq) }];

test("a commit that the file does not take stands; the next is refused before it begins", () => {
  const { file, faults } = fakeFile();
  const watermarks = new Watermarks(file, "j", new Map());
  const founding = [{ put: "tank" as const, row: tankRow("t1") }, ...entry(1)];
  watermarks.prepare(founding);
  watermarks.record(founding, 1);
  faults.flush = true;
  watermarks.prepare(entry(2));
  watermarks.record(entry(2), 2);
  expect(watermarks.of("t1")?.seq).toBe(2);
  expect(() => watermarks.prepare(entry(3))).toThrow(StorageUnavailable);
  expect(() => watermarks.prepare([])).toThrow("the disk reports an error");
  faults.flush = false;
  watermarks.prepare(entry(3));
  watermarks.record(entry(3), 3);
  expect(watermarks.of("t1")?.seq).toBe(3);
});

test("a tank for which the file cannot grow is refused before its transaction", () => {
  const { file, faults } = fakeFile();
  const watermarks = new Watermarks(file, "j", new Map());
  faults.reserve = true;
  const founding = [{ put: "tank" as const, row: tankRow("t1") }, ...entry(1)];
  expect(() => watermarks.prepare(founding)).toThrow(StorageUnavailable);
  expect(watermarks.list()).toEqual([]);
});
