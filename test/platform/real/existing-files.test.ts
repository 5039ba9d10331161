import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
