import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../../..", import.meta.url).pathname;
const VERSION = "v0.11.0";
const DIRECTORY = join(ROOT, `.tools/serf-${VERSION}`);
/** The build downloads two dozen modules. */
const TIMEOUT_MS = 900_000;

const goMissing = Bun.which("go") === null;
const mustRun = process.env["CI"] === "true";

/** The tests of this folder once more, with the newest version of Serf in the place of Debian's. */
test.skipIf(goMissing && !mustRun)(
  `Serf ${VERSION}${goMissing ? " (skipped: go is missing)" : ""}`,
  () => {
    const serf = join(DIRECTORY, "serf");
    if (!existsSync(serf)) {
      const install = ["go", "install", `github.com/hashicorp/serf/cmd/serf@${VERSION}`];
      const env = { ...process.env, GOBIN: DIRECTORY };
      const built = Bun.spawnSync(install, { env, stderr: "inherit" });
      expect(built.exitCode).toBe(0);
    }
    const files = ["backend", "own-agent"].map((one) => `./test/adapters/serf/${one}.test.ts`);
    const { exitCode } = Bun.spawnSync([process.execPath, "test", "--timeout", "30000", ...files], {
      cwd: ROOT,
      env: { ...process.env, SERF_BINARY: serf },
      stdout: "inherit",
      stderr: "inherit",
    });
    expect(exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
