import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("../../..", import.meta.url).pathname;
const VERSION = "3.7.3";
const DIRECTORY = join(ROOT, `.tools/etcd-${VERSION}`);
const MODULE = "go.etcd.io/etcd/server/v3";
const TEST_MS = 900_000;

/** Built once for this checkout; the module calls its program `server`. */
function build(): string {
  const program = join(DIRECTORY, "server");
  if (existsSync(program)) return program;
  mkdirSync(DIRECTORY, { recursive: true });
  const cwd = mkdtempSync(join(tmpdir(), "tankd-etcd-build-"));
  const env = { ...process.env, GOBIN: DIRECTORY };
  try {
    for (const command of [
      ["mod", "init", "build"],
      ["get", `${MODULE}@v${VERSION}`],
      ["install", MODULE],
    ]) {
      const { success, stderr } = Bun.spawnSync(["go", ...command], { cwd, env });
      if (!success) throw new Error(`go ${command.join(" ")}: ${stderr.toString()}`);
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return program;
}

const name = `the tests of this folder with etcd ${VERSION}`;
if (Bun.which("go") === null) {
  test.skip(`${name} (skipped: go is missing)`, () => {});
} else {
  test(
    name,
    async () => {
      const files = [...new Bun.Glob("*.test.ts").scanSync(import.meta.dir)];
      const quick = files.filter((file) => !file.includes("long"));
      const paths = quick.map((file) => join(import.meta.dir, file));
      const tests = Bun.spawn([process.execPath, "test", "--timeout", "30000", ...paths], {
        cwd: ROOT,
        env: { ...process.env, TANKD_TEST_ETCD: build(), CI: "true" },
        stdout: "inherit",
        stderr: "inherit",
      });
      expect(await tests.exited).toBe(0);
    },
    TEST_MS,
  );
}
