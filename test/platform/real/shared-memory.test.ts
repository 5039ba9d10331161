import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openSharedMemory, SharedMemoryFiles } from "../../../src/platform/real/shared-memory.ts";

/** Only Linux offers memory as files. */
const onLinux = describe.skipIf(process.platform !== "linux");

let home = "";
let folders: string[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "tankd-shared-"));
});

afterEach(() => {
  for (const path of [home, ...folders, ...folders.map((one) => `${one}.of`)])
    rmSync(path, { recursive: true, force: true });
  folders = [];
});

/** The folder of a data directory of that name. */
function folderOf(name: string): string {
  const directory = join(home, name);
  mkdirSync(directory, { recursive: true });
  const folder = openSharedMemory(directory)?.folder;
  if (folder === undefined) throw new Error("there is no shared memory here");
  folders.push(folder);
  return folder;
}

onLinux("shared memory", () => {
  test("is found again under its name, with what was written, also by another process", () => {
    const folder = folderOf("data");
    const memory = new SharedMemoryFiles(folder).create("reef", 8000);
    expect(memory?.byteLength).toBe(8000);
    new Float64Array(memory ?? new ArrayBuffer(0))[3] = 4.5;
    const script = `
      const [bytes] = [Bun.mmap(process.argv[1], { shared: true })];
      const numbers = new Float64Array(bytes.buffer);
      numbers[4] = numbers[3] * 2;
      process.kill(process.pid, "SIGKILL");`;
    Bun.spawnSync([process.execPath, "-e", script, join(folder, "reef")]);
    const found = new SharedMemoryFiles(folder).open("reef");
    expect([...new Float64Array(found ?? new ArrayBuffer(0)).subarray(2, 6)]).toEqual([
      0, 4.5, 9, 0,
    ]);
  });

  test("made anew under the same name is empty, and leaves the old one to its user", () => {
    const shared = new SharedMemoryFiles(folderOf("data"));
    const old = new Uint8Array(shared.create("reef", 4096) ?? new ArrayBuffer(0));
    old.fill(1);
    const young = new Uint8Array(shared.create("reef", 64) ?? new ArrayBuffer(0));
    expect([young.length, Math.max(...young)]).toEqual([64, 0]);
    old.fill(2);
    expect(Math.max(...young)).toBe(0);
  });

  test("is given up by name, and as a whole", () => {
    const folder = folderOf("data");
    const shared = new SharedMemoryFiles(folder);
    for (const name of ["reef", "cave"]) shared.create(name, 64);
    expect([...shared.names()].sort()).toEqual(["cave", "reef"]);
    shared.remove("reef");
    shared.remove("unknown");
    expect(shared.names()).toEqual(["cave"]);
    expect(shared.open("reef")).toBeUndefined();
    shared.removeAll();
    expect(existsSync(folder)).toBe(false);
    expect(shared.create("reef", 64)).toBeUndefined();
    expect(shared.names()).toEqual([]);
  });

  test("that would not fit is refused, and nothing is left of it", () => {
    const shared = new SharedMemoryFiles(folderOf("data"));
    expect(shared.create("ocean", 2 ** 40)).toBeUndefined();
    expect(shared.names()).toEqual([]);
  });

  test("is for the eyes of its user alone", () => {
    const folder = folderOf("data");
    new SharedMemoryFiles(folder).create("reef", 64);
    const modes = [dirname(folder), folder, join(folder, "reef")].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });
});

onLinux("the folder of a data directory", () => {
  test("is the same at every start, also after it was renamed", () => {
    const folder = folderOf("data");
    new SharedMemoryFiles(folder).create("reef", 64);
    expect(folderOf("data")).toBe(folder);
    renameSync(join(home, "data"), join(home, "moved"));
    expect(folderOf("moved")).toBe(folder);
    expect(new SharedMemoryFiles(folder).names()).toEqual(["reef"]);
    expect(readlinkSync(`${folder}.of`)).toBe(join(home, "moved"));
  });

  test("is another one for a copy", () => {
    const folder = folderOf("data");
    cpSync(join(home, "data"), join(home, "copy"), { recursive: true });
    expect(folderOf("copy")).not.toBe(folder);
  });

  test("is another one for a copy in the place of the directory", () => {
    const folder = folderOf("data");
    new SharedMemoryFiles(folder).create("reef", 64);
    cpSync(join(home, "data"), join(home, "backup"), { recursive: true });
    rmSync(join(home, "data"), { recursive: true });
    // Most file systems give the inode that has just become free.
    cpSync(join(home, "backup"), join(home, "data"), { recursive: true });
    const next = folderOf("data");
    expect(next).not.toBe(folder);
    expect(new SharedMemoryFiles(next).names()).toEqual([]);
  });

  test("is removed by the next start on the machine when the directory is gone", () => {
    const folder = folderOf("data");
    new SharedMemoryFiles(folder).create("reef", 64);
    rmSync(join(home, "data"), { recursive: true });
    folderOf("other");
    expect([folder, `${folder}.of`].filter((path) => existsSync(path))).toEqual([]);
  });

  test("stays when another node starts", () => {
    const folder = folderOf("data");
    new SharedMemoryFiles(folder).create("reef", 64);
    folderOf("other");
    expect(new SharedMemoryFiles(folder).names()).toEqual(["reef"]);
  });
});
