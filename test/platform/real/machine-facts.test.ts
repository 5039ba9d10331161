import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseLimits, readDescriptors } from "../../../src/platform/real/descriptors.ts";
import { examineDirectory } from "../../../src/platform/real/directory-facts.ts";
import { listeningInodes, readPortUse } from "../../../src/platform/real/port-use.ts";
import { runProgram } from "../../../src/platform/real/programs.ts";

const root = mkdtempSync(join(tmpdir(), "tankd-facts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder with these files. */
function folder(name: string, ...files: readonly string[]): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const file of files) writeFileSync(join(path, file), "x");
  return path;
}

describe("a directory", () => {
  test("of ours takes a write, and nothing is left of it", () => {
    const path = folder("ours", "tankd-data", "tankd.db");
    const found = examineDirectory(path);
    expect(found).toMatchObject({ kind: "ours", foreignOwner: undefined, isOpen: false });
    expect(found.write).toEqual({ tookMs: expect.any(Number) });
    expect(found.space?.freeBytes).toBeGreaterThan(0);
    expect(readdirSync(path).sort()).toEqual(["tankd-data", "tankd.db"]);
  });

  test("that is not there is looked at where it would be made, and not made", () => {
    const path = join(root, "some", "where");
    expect(examineDirectory(path)).toMatchObject({ kind: "absent", write: { tookMs: 0 } });
    expect(readdirSync(root)).not.toContain("some");
  });

  test("of others is told from an empty one", () => {
    const found = examineDirectory(folder("theirs", "photos"));
    expect(found).toMatchObject({ kind: "foreign", reason: "it contains photos" });
    expect(examineDirectory(folder("empty")).kind).toBe("empty");
    expect(examineDirectory(folder("log", "tankd.log")).kind).toBe("ours");
  });

  test("in which others may write is said to be open", () => {
    const path = folder("open", "tankd-data");
    chmodSync(path, 0o777);
    expect(examineDirectory(path).isOpen).toBe(true);
  });

  test("where a file is says why it cannot be used", () => {
    const path = join(folder("file", "tankd-data"), "tankd-data");
    const found = examineDirectory(path);
    expect(found.kind).toBe("unreadable");
    expect(found.reason).toContain("a file is in place of a directory");
  });
});

describe("a port", () => {
  test("is free, then taken by this very process, then free again", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const taken = await readPortUse(port, undefined);
    expect(taken.kind).toBe("taken");
    if (process.platform === "linux") expect(taken).toMatchObject({ by: { pid: process.pid } });
    await new Promise((resolve) => server.close(resolve));
    expect(await readPortUse(port, undefined)).toEqual({ kind: "free" });
  });

  test("of an address that this machine has not cannot be had", async () => {
    const use = await readPortUse(0, "203.0.113.77");
    expect(use).toEqual({ kind: "impossible", reason: expect.stringContaining("203.0.113.77") });
  });

  test("is found in the kernel's table by its number, where somebody listens", () => {
    const columns =
      "sl  local_address rem_address   st tx_queue rx_queue " +
      "tr tm->when retrnsmt   uid  timeout inode";
    const table = `  ${columns}
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0
   1: 0100007F:1F40 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0
   2: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0
`;
    expect([listeningInodes(table, 8000), listeningInodes(table, 9)]).toEqual([["4711"], []]);
  });
});

describe("descriptors", () => {
  test("are bounded by the hard limit", () => {
    const line = (soft: string, hard: string) =>
      `Limit  Soft  Hard  Units\nMax open files            ${soft}      ${hard}     files     \n`;
    expect(parseLimits(line("1024", "524288"))).toBe(524_288);
    expect(parseLimits(line("1024", "unlimited"))).toBeUndefined();
    expect(parseLimits("garbage")).toBeUndefined();
  });

  test("of a process are counted where it is ours", async () => {
    const found = await readDescriptors(process.pid);
    if (process.platform === "linux") expect(found?.open).toBeGreaterThan(2);
    expect((await readDescriptors(undefined))?.open).toBeUndefined();
  });
});

test("a program of the system is run to its end; one that is not there is no error", async () => {
  const say = "echo $LC_ALL; echo lost >&2; exit 3";
  expect(await runProgram(["sh", "-c", say])).toEqual({ exitCode: 3, stdout: "C\n" });
  expect(await runProgram(["no-such-program-of-tankd"])).toBeUndefined();
});
