/**
 * Makes the executable: `bun deploy/build.ts` for this machine into dist/tankd,
 * `bun deploy/build.ts --release` for every platform into dist/release with SHA256SUMS.
 * Run by the pinned Bun, which is also what goes into the executable.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { recordOrder } from "./bytecode-order.ts";
import { COMPILE_FLAGS } from "./compile-flags.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const DIST = join(ROOT, "dist");
const RELEASE = join(DIST, "release");

/** Bun's names of the platforms, and ours. `baseline` runs on x64 machines without AVX2 too. */
const TARGETS = [
  { target: "bun-linux-x64-baseline", name: "tankd-linux-x64" },
  { target: "bun-linux-x64-musl-baseline", name: "tankd-linux-x64-musl" },
  { target: "bun-linux-arm64", name: "tankd-linux-arm64" },
  { target: "bun-linux-arm64-musl", name: "tankd-linux-arm64-musl" },
  { target: "bun-darwin-x64-baseline", name: "tankd-darwin-x64" },
  { target: "bun-darwin-arm64", name: "tankd-darwin-arm64" },
  { target: "bun-windows-x64-baseline", name: "tankd-windows-x64.exe" },
] as const;

async function main(flags: readonly string[]): Promise<void> {
  const unknown = flags.find((flag) => flag !== "--release");
  if (unknown !== undefined) fail(`unknown option ${unknown}; there is --release`);
  const work = join(DIST, `.build-${process.pid}`);
  try {
    mkdirSync(work, { recursive: true });
    const first = join(work, "tankd");
    compile(first);
    const order = await recordOrder(first, work);
    if (order === undefined) say("no node could run here: built without the order of its bytecode");
    if (flags.includes("--release")) buildRelease(work, order);
    else buildOne(join(DIST, "tankd"), { work, order });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function buildRelease(work: string, order: string | undefined): void {
  rmSync(RELEASE, { recursive: true, force: true });
  const sums = TARGETS.map(({ target, name }) => {
    const path = join(RELEASE, name);
    buildOne(path, { work, order, target });
    return `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${name}\n`;
  });
  writeFileSync(join(RELEASE, "SHA256SUMS"), sums.join(""));
  say(`${TARGETS.length} executables and SHA256SUMS in dist/release`);
}

interface Compilation {
  /** Of functions, by `recordOrder`. */
  readonly order?: string | undefined;
  /** Another platform than this machine's. */
  readonly target?: string;
}

/** The new executable takes the old one's place in one step: a running one is never overwritten. */
function buildOne(path: string, { work, ...how }: Compilation & { readonly work: string }): void {
  const made = join(work, `made-${basename(path)}`);
  compile(made, how);
  mkdirSync(dirname(path), { recursive: true });
  renameSync(made, path);
  say(`made ${path.slice(ROOT.length)}`);
}

function compile(path: string, { order, target }: Compilation = {}): void {
  run([
    process.execPath,
    ...COMPILE_FLAGS,
    `--define=TANKD_COMMIT=${JSON.stringify(commit())}`,
    ...(order === undefined ? [] : [`--bytecode-order=${order}`]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    "src/main.ts",
    "src/worker.ts",
    "src/disk.ts",
    "--outfile",
    path,
  ]);
}

/** The commit that is built, marked when the sources differ from it; empty without git. */
function commit(): string {
  const git = (...words: string[]) =>
    Bun.spawnSync(["git", ...words], { cwd: ROOT, stderr: "ignore" });
  try {
    const head = git("rev-parse", "--short=12", "HEAD");
    if (head.exitCode !== 0) return "";
    const changed = git("status", "--porcelain", "--", "src", "package.json", "bun.lock");
    const mark = changed.stdout.toString().trim() === "" ? "" : "+";
    return head.stdout.toString().trim() + mark;
  } catch {
    // No git here: a source archive.
    return "";
  }
}

function run(command: readonly string[]): void {
  const done = Bun.spawnSync([...command], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  if (done.exitCode === 0) return;
  process.stderr.write(done.stdout);
  process.stderr.write(done.stderr);
  fail("bun build failed; what it says stands above");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(reason: string): never {
  process.stderr.write(`build: ${reason}\n`);
  process.exit(1);
}

await main(process.argv.slice(2));
