import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../support/commands.ts";

const SCRIPT = join(import.meta.dir, "at-the-limit.ts");
const BUSY = "busy: too many files and connections are open here";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-limit-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function atTheLimit(what: string): Promise<unknown> {
  const limited = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"];
  const { stdout, stderr, exitCode } = await run([
    ...limited,
    process.execPath,
    SCRIPT,
    what,
    folder,
  ]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return JSON.parse(stdout);
}

describe.if(process.platform === "linux")("while no file can be opened", () => {
  test("a request is not said to be refused by the other side", async () => {
    expect(await atTheLimit("request")).toBe(BUSY);
  });

  test("nor is a WebSocket", async () => {
    expect(await atTheLimit("socket")).toBe(BUSY);
  });

  test("nor is a name said to be unknown", async () => {
    expect(await atTheLimit("name")).toBe(BUSY);
  });

  test("a thread that cannot be started is one that has failed", async () => {
    expect(await atTheLimit("thread")).toBe("thread_failed");
  });

  test("a full log file is written on, and no earlier one is lost", async () => {
    await atTheLimit("log");
    const text = (name: string) => readFileSync(join(folder, name), "utf8");
    expect(text("log")).toBe("one\ntwo\nthree\nfour\nfive\n");
  });
});
