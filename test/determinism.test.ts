import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPILE_FLAGS } from "../deploy/compile-flags.ts";
import type { Digests, WorldDigest } from "./sim/determinism/digests.ts";
import golden from "./sim/determinism/golden.json";

/**
 * The same seed gives the same world, bit by bit: run and compiled, with and without the optimising
 * compiler, with another libm, on another processor, saved and loaded on the way, and on threads.
 */

const ROOT = join(import.meta.dir, "..");
const PROGRAM = join(ROOT, "test/sim/determinism/digests.ts");
const BUN = process.execPath;
const ALL = golden.worlds satisfies readonly WorldDigest[];
/** What an interpreter or an emulated processor can do in a few seconds. */
const SHORT = ALL.filter(({ ticks }) => ticks <= 2_000);
/** All 20,000 ticks take them a minute and a half, which CI has and somebody at a desk has not. */
const SLOW = process.env["CI"] === "true" ? ALL : SHORT;

/**
 * Leaves libm without the functions that it has for processors with AVX2 and FMA; the second names
 * are those of glibc before 2.33.
 */
const PLAIN_LIBM = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX2_Usable,-FMA_Usable,-FMA4_Usable";
const QEMU = "/usr/bin/qemu-aarch64-static";
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
/** A bound on failure; emulation on a busy machine takes some minutes. */
setDefaultTimeout(900_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-determinism-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function unique(values: readonly number[]): string {
  return [...new Set(values)].join(",");
}

/** What a command prints of these worlds, in an environment. */
async function digestsOf(
  command: readonly string[],
  worlds: readonly WorldDigest[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Digests> {
  const seeds = unique(worlds.map(({ seed }) => seed));
  const ticks = unique(worlds.map((world) => world.ticks));
  const child = Bun.spawn([...command, seeds, ticks], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...variables },
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${err || out}`);
  return JSON.parse(out);
}

function expectGolden(digests: Digests, worlds: readonly WorldDigest[]): void {
  expect(digests.worlds).toEqual(worlds);
  expect(digests.restored).toEqual(worlds);
  expect(digests.islands).toEqual(golden.islands);
}

/** The program as an executable, made like the product. */
async function compiled(target?: string): Promise<string> {
  const path = join(folder, target ?? "native");
  if (existsSync(path)) return path;
  const flags = target === undefined ? [] : [`--target=${target}`];
  const child = Bun.spawn([BUN, ...COMPILE_FLAGS, ...flags, PROGRAM, "--outfile", path], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(said);
  return path;
}

describe("the golden worlds", () => {
  let native: Digests;

  test("under bun run", async () => {
    native = await digestsOf([BUN, PROGRAM], ALL);
    expectGolden(native, ALL);
    expect(native.machine.jit).toBe(true);
  });

  test("compiled", async () => {
    expectGolden(await digestsOf([await compiled()], ALL), ALL);
  });

  test("without the optimising compiler", async () => {
    const digests = await digestsOf([await compiled()], SHORT, { BUN_JSC_useDFGJIT: "0" });
    expect(digests.machine.jit).toBe(false);
    expectGolden(digests, SHORT);
  });

  test("interpreted", async () => {
    const digests = await digestsOf([await compiled()], SLOW, { BUN_JSC_useJIT: "0" });
    expect(digests.machine.jit).toBe(false);
    expectGolden(digests, SLOW);
  });

  test("with a libm without AVX2 and FMA", async () => {
    const digests = await digestsOf([await compiled()], ALL, { GLIBC_TUNABLES: PLAIN_LIBM });
    expectGolden(digests, ALL);
    // Where the processor has FMA, the switch must show: the same calls give other bits.
    if (hasFma()) expect(digests.machine.libm).not.toBe(native.machine.libm);
  });

  test.if(process.arch === "x64" && process.platform === "linux")(
    "compiled for processors without AVX2",
    async () => {
      expectGolden(await digestsOf([await compiled("bun-linux-x64-baseline")], SHORT), SHORT);
    },
  );

  test.if(canEmulate())("on arm64, emulated", async () => {
    const command = [QEMU, "-L", ARM64_LIBRARIES, await compiled("bun-linux-arm64")];
    const digests = await digestsOf(command, SLOW);
    expect(digests.machine.architecture).toBe("arm64");
    expectGolden(digests, SLOW);
  });

  test.each(["1", "2", "3"])("on %s threads", async (threads) => {
    const [first] = ALL;
    const command = `run --seed 5 --ticks ${first?.ticks} --fish 50 --tanks 3 --topology ring`;
    const exchange = `--migrate-every 100 --migrants 3 --threads ${threads} --json`;
    const child = Bun.spawn([BUN, "src/main.ts", ...command.split(" "), ...exchange.split(" ")], {
      cwd: ROOT,
      stderr: "inherit",
    });
    const { digest } = JSON.parse(await new Response(child.stdout).text());
    expect(digest).toBe(golden.islands[0]);
  });
});

function hasFma(): boolean {
  const info = "/proc/cpuinfo";
  return existsSync(info) && /^flags\s*:.* fma( |$)/m.test(readFileSync(info, "utf8"));
}

/** Says why not, once; under CI the test runs and fails, so that nobody overlooks it. */
function canEmulate(): boolean {
  const missing = [QEMU, ARM64_LIBRARIES].filter((path) => !existsSync(path));
  if (missing.length === 0) return true;
  if (process.env["CI"] === "true") return true;
  process.stderr.write(
    `No emulated arm64 here, as ${missing.join(" and ")} is missing: ` +
      "apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross\n",
  );
  return false;
}
