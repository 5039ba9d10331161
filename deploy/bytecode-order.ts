/**
 * Which functions a node uses, in the order of their first use: with `--bytecode-order` Bun lays
 * their bytecode out together, and a node touches fewer pages of its executable
 * (docs/benchmarks.md, "What an idle node weighs").
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A node with a tank has run its first seconds by then; a longer run finds hardly more. */
const RUN_MS = 4000;
const STOP_MS = 10_000;

/**
 * Runs a lone node of this executable, whose files and record lie in `folder`; returns the file
 * with the order. Undefined where it could not run: the order is no condition of a build.
 */
export async function recordOrder(executable: string, folder: string): Promise<string | undefined> {
  const order = join(folder, "bytecode-order");
  const data = join(folder, "data");
  const settings = join(folder, "tankd.toml");
  mkdirSync(data, { recursive: true });
  writeFileSync(settings, "");
  const node = Bun.spawn(
    [
      executable,
      ...["start", "--config", settings, "--data-dir", data],
      ...["--host", "127.0.0.1", "--port", "0", "--discovery", "none"],
    ],
    {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", BUN_BYTECODE_ORDER_OUT: order },
      stdio: ["ignore", "ignore", "ignore"],
    },
  );
  const giveUp = setTimeout(() => node.kill("SIGKILL"), RUN_MS + STOP_MS);
  await Bun.sleep(RUN_MS);
  node.kill("SIGTERM");
  const exitCode = await node.exited;
  clearTimeout(giveUp);
  rmSync(data, { recursive: true, force: true });
  return exitCode === 0 && existsSync(order) ? order : undefined;
}
