import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolder } from "../../../src/cli/result-folder.ts";
import { Problem, type ProblemCode } from "../../../src/platform/errors.ts";
import { openDataDirectory, prepareDirectory } from "../../../src/platform/real/data-directory.ts";
import { realRandom } from "../../../src/platform/real/random.ts";

let parent = "";
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "tankd-data-"));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const open = (path: string) => openDataDirectory(path, realRandom);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

function problemOf(action: () => unknown): Problem {
  try {
    action();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("there was no problem");
}

function expectUnusable(action: () => unknown, words: string): void {
  const problem = problemOf(action);
  expect(problem.code).toBe("data_directory_unusable" satisfies ProblemCode);
  expect(problem.message).toContain(words);
  expect(problem.message).not.toContain("\n");
}

test("a new directory gets and keeps a key and a token that only its user can read", async () => {
  const path = join(parent, "deep", "data");
  const first = open(path);
  const seed = await first.key.current();
  expect(seed).toHaveLength(32);
  expect(first.token).toMatch(/^[\w-]{43}$/);
  expect(modeOf(path)).toBe("711");
  expect([modeOf(join(path, "key")), modeOf(join(path, "token"))]).toEqual(["600", "600"]);
  first.close();
  const second = open(path);
  expect(await second.key.current()).toEqual(seed);
  expect(second.token).toBe(first.token);
  second.close();
});

test("node.json tells everybody where the node is, and goes with it", () => {
  const directory = open(join(parent, "data"));
  const file = directory.pathOf("node.json");
  const pid_namespace = "pid:[1]";
  const node = { url: "http://127.0.0.1:8000", node_id: "n1", pid: process.pid, pid_namespace };
  directory.announce(node);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(node);
  expect(modeOf(file)).toBe("644");
  directory.close();
  expect(existsSync(file)).toBe(false);
});

test("node.json and pid of a killed node do not survive or block the next start", () => {
  const path = join(parent, "data");
  open(path).close();
  writeFileSync(join(path, "node.json"), '{"url":"http://127.0.0.1:1","node_id":"n1","pid":1}');
  writeFileSync(join(path, "pid"), String(process.ppid));
  const directory = open(path);
  expect(existsSync(join(path, "node.json"))).toBe(false);
  directory.close();
});

test("a secret that others could read is closed to them", () => {
  const path = join(parent, "data");
  open(path).close();
  chmodSync(join(path, "token"), 0o644);
  open(path).close();
  expect(modeOf(join(path, "token"))).toBe("600");
});

test("an empty directory is taken, also with the files of a fresh disk or detached start", () => {
  mkdirSync(join(parent, "lost+found"));
  writeFileSync(join(parent, "tankd.log"), "");
  open(parent).close();
});

test("a directory of somebody else is left as it is", () => {
  writeFileSync(join(parent, "thesis.tex"), "");
  expectUnusable(() => open(parent), "thesis.tex");
  expect(readdirSync(parent)).toEqual(["thesis.tex"]);
});

test("a file in place of the directory, or on the way to it", () => {
  const file = join(parent, "file");
  writeFileSync(file, "");
  expectUnusable(() => open(file), "a file is in place");
  expectUnusable(() => open(join(file, "data")), "a file is in place");
});

test.skipIf(process.platform !== "linux")("a place that takes no directories", () => {
  expectUnusable(() => open("/proc/tankd-data"), "no directory can be made there (ENOENT): choose");
  expect(() => openFolder("/proc/tankd-data")).toThrow("no directory can be made there");
});

test("a directory in place of the lock file", () => {
  const path = join(parent, "data");
  prepareDirectory(path);
  mkdirSync(join(path, "lock"));
  expectUnusable(() => open(path), "lock: a directory is in place of a file (EISDIR)");
});

test("a directory that takes no writes", () => {
  // Also for root, whom modes do not stop.
  expectUnusable(() => prepareDirectory("/proc/tankd"), "/proc/tankd cannot be used");
});

test.each(["key", "token"])("a damaged %s is refused, not replaced", (name) => {
  const path = join(parent, "data");
  open(path).close();
  truncateSync(join(path, name), 3);
  expectUnusable(() => open(path), `${join(path, name)} is damaged`);
  expect(statSync(join(path, name)).size).toBe(3);
});

test("a second node is told the pid of the first, until that one is gone by kill -9", async () => {
  const path = join(parent, "data");
  const script = join(import.meta.dir, "hold-directory.ts");
  const child = Bun.spawn([process.execPath, script, path], { stdin: "pipe", stdout: "pipe" });
  try {
    await child.stdout.getReader().read();
    const problem = problemOf(() => open(path));
    expect(problem.code).toBe("data_directory_in_use");
    expect(problem.message).toContain(`(pid ${child.pid})`);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  open(path).close();
});

test("nor may the same process open it twice", () => {
  const path = join(parent, "data");
  const first = open(path);
  expect(problemOf(() => open(path)).code).toBe("data_directory_in_use");
  first.close();
  open(path).close();
});

test("a marker that is being written by others, or was left half-written, does no harm", () => {
  const path = join(parent, "shared");
  prepareDirectory(path);
  rmSync(join(path, "tankd-data"));
  writeFileSync(join(path, "tankd-data.0c1e.tmp"), "This dir");
  prepareDirectory(path);
  expect(readdirSync(path).sort()).toEqual(["tankd-data", "tankd-data.0c1e.tmp"]);
});
