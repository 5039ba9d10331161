import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The reference world, mbolaris/tank, run headless where TANKWORLD_DIR points at a checkout of it.
 * TANKWORLD_PYTHON names the interpreter that has what it needs (numpy, pydantic).
 */
const DIRECTORY = process.env["TANKWORLD_DIR"];
const PYTHON = process.env["TANKWORLD_PYTHON"] ?? "python3";
/** Its population begins at ten and is near its height here, see TW's own reports. */
const CHECKPOINTS = [900, 1200, 1500, 1800];

export interface Stretch {
  /** Fish alive, mean of the stretch's two ends. */
  readonly fish: number;
  readonly wallRate: number;
  readonly cpuRate: number;
}

export function hasTankWorld(): boolean {
  return DIRECTORY !== undefined && DIRECTORY !== "";
}

/**
 * Fish-steps per second of its own headless mode. Runs of growing length from one seed differ only
 * in their last frames, so that differences hold neither its start nor its small beginnings.
 */
export function runTankWorld(seed: number): readonly Stretch[] {
  const runs = CHECKPOINTS.map((frames) => ({ frames, ...runFrames(seed, frames) }));
  return runs.slice(1).map((run, index) => {
    const before = runs[index] as typeof run;
    const fish = (before.fish + run.fish) / 2;
    const fishSteps = fish * (run.frames - before.frames);
    return {
      fish,
      wallRate: fishSteps / (run.wallSeconds - before.wallSeconds),
      cpuRate: fishSteps / (run.cpuSeconds - before.cpuSeconds),
    };
  });
}

function runFrames(seed: number, frames: number) {
  const scratch = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const report = join(scratch, "stats.json");
    const command = [PYTHON, "main.py", "--headless", "--max-frames", String(frames)];
    const rest = ["--seed", String(seed), "--stats-interval", "0", "--export-stats", report];
    const begun = performance.now();
    const { exitCode, stderr, resourceUsage } = Bun.spawnSync([...command, ...rest], {
      cwd: DIRECTORY ?? ".",
      env: { ...process.env, TANK_LOG_LEVEL: "ERROR" },
      stdout: "ignore",
      stderr: "pipe",
    });
    const wallSeconds = (performance.now() - begun) / 1000;
    if (exitCode !== 0) throw new Error(`Tank World failed: ${stderr.toString().slice(-500)}`);
    const stats = JSON.parse(readFileSync(report, "utf8")) as { fish_count: number };
    const cpuSeconds = Number(resourceUsage.cpuTime.total) / 1e6;
    return { fish: stats.fish_count, wallSeconds, cpuSeconds };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
