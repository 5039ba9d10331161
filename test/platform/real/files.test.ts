import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageUnavailable } from "../../../src/platform/errors.ts";
import type { Files } from "../../../src/platform/files.ts";
import { DirectoryFiles } from "../../../src/platform/real/files.ts";
import { MemoryFiles } from "../../../src/platform/simulated/files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tankd-files-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe.each<[string, () => Files]>([
  ["on disk", () => new DirectoryFiles(root)],
  ["simulated", () => new MemoryFiles()],
])("files %s", (_, create) => {
  test("come back as written, listed by folder, until removed", async () => {
    const files = create();
    await files.writeDurably("a/b/two", bytes("old"));
    await files.writeDurably("a/b/two", bytes("new"));
    await files.writeDurably("a/b/one", Uint8Array.of());
    await files.writeDurably("a/b/deeper/three", bytes("3"));
    expect(await files.read("a/b/two")).toEqual(bytes("new"));
    expect(await files.read("a/b/one")).toEqual(Uint8Array.of());
    expect(await files.list("a/b")).toEqual(["one", "two"]);
    expect(await files.list(".")).toEqual([]);
    await files.remove("a/b/two");
    await files.remove("a/b/two");
    expect(await files.read("a/b/two")).toBeUndefined();
    expect(await files.list("a/b")).toEqual(["one"]);
  });

  test("lie in folders that are listed, and go with all that is in them", async () => {
    const files = create();
    expect(await files.folders("a")).toEqual([]);
    await files.writeDurably("a/two/x", bytes("x"));
    await files.writeDurably("a/one/deep/y", bytes("y"));
    await files.writeDurably("a/z", bytes("z"));
    expect(await files.folders("a")).toEqual(["one", "two"]);
    await files.removeFolder("a/one");
    await files.removeFolder("a/one");
    expect(await files.folders("a")).toEqual(["two"]);
    expect(await files.read("a/one/deep/y")).toBeUndefined();
    expect(await files.list("a")).toEqual(["z"]);
    await files.writeDurably("a/one/again", bytes("y"));
    expect(await files.list("a/one")).toEqual(["again"]);
  });

  test("that are not there are undefined, and their folder is empty", async () => {
    const files = create();
    expect(await files.read("no/such")).toBeUndefined();
    expect(await files.list("no")).toEqual([]);
    await files.remove("no/such");
  });

  test.each(["../x", "/etc/x", "a/../../x", "a\\..\\x", "C:x", "a\0b"])(
    "never leave the root: %j",
    async (path) => {
      const files = create();
      await expect(files.writeDurably(path, bytes("x"))).rejects.toThrow("path leaves the root");
      await expect(files.read(path)).rejects.toThrow("path leaves the root");
      await expect(files.remove(path)).rejects.toThrow("path leaves the root");
    },
  );

  test("written at once to one path leave one of them, whole", async () => {
    const files = create();
    const contents = Array.from({ length: 20 }, (_unused, index) => `${index}`.repeat(10_000));
    await Promise.all(contents.map((content) => files.writeDurably("same", bytes(content))));
    const left = new TextDecoder().decode(await files.read("same"));
    expect(contents).toContain(left);
  });
});

test("what a crash left half written is not listed, and goes with the next write", async () => {
  writeFileSync(join(root, "snap.7.tmp"), "half");
  const files = new DirectoryFiles(root);
  expect(await files.list(".")).toEqual([]);
  await files.writeDurably("snap", bytes("whole"));
  expect(readdirSync(root)).toEqual(["snap"]);
});

test("a folder that was taken away is made again", async () => {
  const files = new DirectoryFiles(root);
  await files.writeDurably("a/one", bytes("1"));
  rmSync(join(root, "a"), { recursive: true });
  await expect(files.writeDurably("a/two", bytes("2"))).rejects.toBeInstanceOf(StorageUnavailable);
  await files.writeDurably("a/two", bytes("2"));
  expect(await files.list("a")).toEqual(["two"]);
});

test("a write that the disk does not take is StorageUnavailable and leaves no trace", async () => {
  const files = new DirectoryFiles(root);
  await files.writeDurably("file", bytes("x"));
  await expect(files.writeDurably("file/below", bytes("x"))).rejects.toBeInstanceOf(
    StorageUnavailable,
  );
  const nowhere = new DirectoryFiles("/proc/tankd");
  await expect(nowhere.writeDurably("x", bytes("x"))).rejects.toBeInstanceOf(StorageUnavailable);
  expect(existsSync("/proc/tankd")).toBe(false);
  expect(await files.list(".")).toEqual(["file"]);
});
