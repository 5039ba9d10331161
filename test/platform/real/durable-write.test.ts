import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeKeptFile } from "../../../src/platform/real/durable-write.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-kept-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file to keep is written whole, and never over another unless that is wanted", () => {
  const path = join(folder, "a.tank");
  const large = new Uint8Array(5_000_000).fill(7);
  expect(writeKeptFile(path, large, false)).toBe(true);
  expect(new Uint8Array(readFileSync(path))).toEqual(large);
  expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask());
  expect(writeKeptFile(path, Uint8Array.of(1), false)).toBe(false);
  expect(readFileSync(path).length).toBe(large.length);
  expect(writeKeptFile(path, Uint8Array.of(1), true)).toBe(true);
  expect(readFileSync(path).length).toBe(1);
  expect(readdirSync(folder)).toEqual(["a.tank"]);
});

test("a file to keep is for whom the user's new files are", () => {
  const usual = process.umask(0o027);
  try {
    writeKeptFile(join(folder, "made"), Uint8Array.of(1), false);
    writeKeptFile(join(folder, "replaced"), Uint8Array.of(1), true);
  } finally {
    process.umask(usual);
  }
  const modes = ["made", "replaced"].map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes).toEqual([0o640, 0o640]);
});

test("what cannot be written leaves nothing behind", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => writeKeptFile(join(folder, "file", "x"), Uint8Array.of(1), false)).toThrow();
  expect(() => writeKeptFile(join(folder, "no", "x"), Uint8Array.of(1), true)).toThrow();
  expect(readdirSync(folder)).toEqual(["file"]);
});
