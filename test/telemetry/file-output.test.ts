import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileOutput } from "../../src/telemetry/file-output.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-log-"));
  path = join(folder, "log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (age = 0) => readFileSync(age === 0 ? path : `${path}.${age}`, "utf8");

test("lines are added to what is there, for its user alone", () => {
  fileOutput({ path, bytesMax: 100, keep: 2 }).write("one\n");
  fileOutput({ path, bytesMax: 100, keep: 2 }).write("two\n");
  expect(text()).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a full file becomes an earlier one, of which so many are kept", () => {
  const output = fileOutput({ path, bytesMax: 8, keep: 2 });
  for (const line of ["one\n", "two\n", "three\n", "four\n", "five\n"]) output.write(line);
  expect([text(), text(1), text(2)]).toEqual(["five\n", "four\n", "three\n"]);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test("a line longer than a whole file is written all the same", () => {
  const output = fileOutput({ path, bytesMax: 4, keep: 1 });
  output.write("a long line\n");
  output.write("next\n");
  expect([text(), text(1)]).toEqual(["next\n", "a long line\n"]);
});

test("after a reopening it goes on in a new file where the old one was renamed", () => {
  const output = fileOutput({ path, bytesMax: 100, keep: 1 });
  output.write("before\n");
  renameSync(path, join(folder, "rotated"));
  output.write("still there\n");
  output.reopen();
  output.write("after\n");
  expect(text()).toBe("after\n");
  expect(readFileSync(join(folder, "rotated"), "utf8")).toBe("before\nstill there\n");
});

test.if(existsSync("/dev/full"))("a full disk fails nobody, and lost lines are counted", () => {
  const output = fileOutput({ path: "/dev/full", bytesMax: 100, keep: 1 });
  expect(() => output.write("lost\n")).not.toThrow();
});
