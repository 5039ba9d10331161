import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** The program as a commit makes it, which is made once and kept in dist/. */
export function earlierBuild(commit: string): string {
  const kept = join(ROOT, "dist", `tankd-${commit}`);
  if (existsSync(kept)) return kept;
  process.stderr.write(`building ${commit}, once …\n`);
  const tree = mkdtempSync(join(tmpdir(), "tankd-base-"));
  try {
    must(ROOT, "git", "worktree", "add", "--detach", "--force", tree, commit);
    must(tree, process.execPath, "install", "--frozen-lockfile");
    must(tree, process.execPath, "deploy/build.ts");
    mkdirSync(join(ROOT, "dist"), { recursive: true });
    copyFileSync(join(tree, "dist/tankd"), kept);
    return kept;
  } finally {
    Bun.spawnSync(["git", "worktree", "remove", "--force", tree], { cwd: ROOT });
    rmSync(tree, { recursive: true, force: true });
  }
}

function must(cwd: string, ...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...command], { cwd, stdout: "ignore" });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
