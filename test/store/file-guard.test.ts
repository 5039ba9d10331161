import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageUnavailable } from "../../src/platform/errors.ts";
import { FileGuard } from "../../src/store/sqlite/file-guard.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-guard-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function complaint(guard: FileGuard): string {
  try {
    guard.check();
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(StorageUnavailable);
    return String(error);
  }
}

test("a file that is written to, or not there yet, is fine; from then on it is the one", () => {
  const guard = new FileGuard([path]);
  expect(complaint(guard)).toBe("");
  writeFileSync(path, "one");
  expect(complaint(guard)).toBe("");
  writeFileSync(path, "two");
  expect(complaint(guard)).toBe("");
  unlinkSync(path);
  expect(complaint(guard)).toContain("was removed");
});

test("another file in its place is named, until the first one is back", () => {
  writeFileSync(path, "one");
  const guard = new FileGuard([path]);
  renameSync(path, `${path}.away`);
  writeFileSync(path, "another");
  expect(complaint(guard)).toContain(`${path} was replaced`);
  renameSync(`${path}.away`, path);
  expect(complaint(guard)).toBe("");
});

test("what keeps it from looking keeps the storage from being trusted", () => {
  writeFileSync(path, "one");
  const guard = new FileGuard([path]);
  renameSync(path, `${path}.away`);
  // As the system fails a look on a disk that is gone or a share that is not mounted any more.
  symlinkSync(path, path);
  expect(complaint(guard)).toContain("ELOOP");
  unlinkSync(path);
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "a file in place of the directory");
  expect(complaint(guard)).toMatch(/ENOTDIR|was removed/);
  unlinkSync(folder);
  renameSync(`${folder}.away`, folder);
  renameSync(`${path}.away`, path);
  expect(complaint(guard)).toBe("");
});
