import { join } from "node:path";
import { z } from "zod";
import { print, quantile } from "../measure.ts";

const PYTHON = process.env["TANKWORLD_PYTHON"] ?? "python3";
const SCRIPT = join(import.meta.dir, "../peers/tank_world_transfer.py");
const TRANSFERS = 500;

const resultSchema = z.object({ ms: z.array(z.number()), cpu_ms: z.number() });

/**
 * Tank World's own serialise-and-post of one fish, to a server that answers at once, where
 * `directory` is a checkout of mbolaris/tank. TANKWORLD_PYTHON names the interpreter that has what
 * it needs (numpy, pydantic, httpx).
 */
export function measureTankWorld(directory: string): void {
  if (directory === "") {
    print("Tank World was not run: --tankworld names no checkout of it.");
    return;
  }
  const { exitCode, stdout, stderr } = Bun.spawnSync([PYTHON, SCRIPT, `${TRANSFERS}`], {
    cwd: directory,
    env: { ...process.env, TANK_LOG_LEVEL: "ERROR" },
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`Tank World failed: ${stderr.toString().slice(-500)}`);
  const { ms, cpu_ms } = resultSchema.parse(JSON.parse(stdout.toString()));
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(ms, share).toFixed(1));
  const spent = Math.round((cpu_ms * 1000) / TRANSFERS);
  print(
    "Tank World's own serialise-and-post of one fish, to a stub that answers at once: " +
      `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms; ${spent} µs of ` +
      "processor at the source alone. Nothing is durable, on either side.",
  );
}
