/**
 * The programs that are compared: this checkout's, and the one from before the cluster was rebuilt.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TANKD } from "../../test/support/tankd.ts";
import { option } from "../measure.ts";

const BASE_COMMIT = "0e67964";
const ROOT = join(import.meta.dir, "../..");

export interface Build {
  readonly name: string;
  readonly binary: string;
}

/**
 * `--binary` (else TANKD_BINARY, else dist/tankd), and `--base`: a program, `none`, or, left out,
 * the build of 0e67964, which is made once and kept in dist/.
 */
export function buildsToCompare(): readonly Build[] {
  const present = { name: "new", binary: option("binary", TANKD) };
  const base = option("base", "");
  if (base === "none") return [present];
  return [present, { name: "base", binary: base === "" ? baseBuild() : base }];
}

function baseBuild(): string {
  const kept = join(ROOT, "dist", `tankd-${BASE_COMMIT}`);
  if (existsSync(kept)) return kept;
  process.stderr.write(`building ${BASE_COMMIT}, once …\n`);
  const tree = mkdtempSync(join(tmpdir(), "tankd-base-"));
  try {
    must(ROOT, "git", "worktree", "add", "--detach", "--force", tree, BASE_COMMIT);
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
