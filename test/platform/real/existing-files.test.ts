import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGuardedFile } from "../../../src/platform/real/existing-files.ts";
import { run } from "../../support/commands.ts";
import { requiredTest } from "../../support/required-test.ts";

const MODULE = join(import.meta.dir, "../../../src/platform/real/existing-files.ts");
const isRoot = process.getuid?.() === 0;

/** What a user who is not root reads there: the text, `absent`, or the code of the error. */
async function readAsNobody(path: string): Promise<string> {
  const script = `
    const { readText, sizeOf } = await import(process.argv[1]);
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    try {
      console.log(readText(process.argv[2]) ?? "absent", sizeOf(process.argv[2]) ?? "absent");
    } catch (error) { console.log(error.code); }`;
  const { stdout } = await run([process.execPath, "-e", script, MODULE, path]);
  return stdout.trim();
}

requiredTest(
  "a file in a folder that one may not search is absent, an unreadable one an error",
  isRoot ? undefined : "only root can become another user",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tankd-files-"));
    try {
      chmodSync(folder, 0o755);
      const open = join(folder, "open");
      const closed = join(folder, "closed");
      for (const name of [open, closed]) {
        mkdirSync(name);
        writeFileSync(join(name, "file"), "text");
      }
      chmodSync(join(open, "file"), 0o600);
      chmodSync(closed, 0o700);
      expect(await readAsNobody(join(closed, "file"))).toBe("absent absent");
      expect(await readAsNobody(join(open, "file"))).toBe("EACCES");
      chmodSync(join(open, "file"), 0o644);
      expect(await readAsNobody(join(open, "file"))).toBe("text 4");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("what is below a file is absent", async () => {
  const { readText } = await import(MODULE);
  expect(readText("/dev/null/file")).toBeUndefined();
});

requiredTest(
  "what others put in the place of a settings file is not waited for",
  process.platform === "win32" ? "Windows has no such files" : undefined,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tankd-files-"));
    try {
      const pipe = join(folder, "pipe");
      expect((await run(["mkfifo", pipe])).exitCode).toBe(0);
      symlinkSync("/dev/zero", join(folder, "endless"));
      writeFileSync(join(folder, "file"), "text");
      const read = (name: string) => readGuardedFile(join(folder, name));
      expect(() => read("pipe")).toThrow("it is no regular file");
      expect(() => read("endless")).toThrow("it is no regular file");
      expect([read("file")?.text, read("none")]).toEqual(["text", undefined]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
