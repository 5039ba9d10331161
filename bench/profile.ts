/**
 * Where the time of a tick goes: `bun bench/profile.ts [--write]`. It runs itself under Bun's
 * sampling profiler at two sizes and adds up the samples by phase of the tick and by kernel.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createTank, step } from "../src/sim/index.ts";
import { keepReport, print, printHead, printMachine, printRow } from "./measure.ts";

/** Founders and ticks: long enough that the compiler has done its work. */
const RUNS = [
  [100, 60_000],
  [10_000, 600],
] as const;
const ROWS = 14;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

function live(founders: number, ticks: number): void {
  const tank = createTank({ seed: 42, fish: founders, tankKey: "00000000000000b1" });
  for (let i = 0; i < ticks; i++) step(tank);
}

function record(founders: number, ticks: number): Profile {
  const directory = mkdtempSync(join(tmpdir(), "profile-"));
  try {
    const flags = ["--cpu-prof", `--cpu-prof-dir=${directory}`];
    const { exitCode, stderr } = Bun.spawnSync([
      ...[process.execPath, ...flags, import.meta.path],
      ...["live", String(founders), String(ticks)],
    ]);
    const [file] = readdirSync(directory);
    if (exitCode !== 0 || file === undefined) throw new Error(stderr.toString());
    return JSON.parse(readFileSync(join(directory, file), "utf8")) as Profile;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function nameOf({ callFrame }: ProfileNode): string {
  return `\`${callFrame.functionName || "(native)"}\` ${basename(callFrame.url)}`.trim();
}

/** Shares of the samples that some name of each sample's stack gets. */
function shares(
  { nodes, samples, timeDeltas }: Profile,
  pick: (stack: readonly ProfileNode[]) => string | undefined,
): [name: string, share: number][] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(
    nodes.flatMap(({ id, children }) => (children ?? []).map((c) => [c, id])),
  );
  const sums = new Map<string, number>();
  let total = 0;
  for (const [index, sample] of samples.entries()) {
    const stack: ProfileNode[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = callers.get(id)) {
      const node = byId.get(id);
      if (node !== undefined) stack.unshift(node);
    }
    const spent = timeDeltas[index] ?? 0;
    const name = pick(stack);
    total += spent;
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + spent);
  }
  return [...sums]
    .map(([name, sum]): [string, number] => [name, sum / total])
    .sort((one, other) => other[1] - one[1]);
}

/** What `advance` called directly: the phase of the tick. */
function phaseOf(stack: readonly ProfileNode[]): string | undefined {
  const at = stack.findIndex(({ callFrame }) => callFrame.functionName === "advance");
  const phase = at < 0 ? undefined : stack[at + 1];
  return phase === undefined ? undefined : nameOf(phase);
}

function kernelOf(stack: readonly ProfileNode[]): string | undefined {
  const last = stack.at(-1);
  return last === undefined ? undefined : nameOf(last);
}

function percent(share: number | undefined): string {
  return share === undefined ? "" : `${(100 * share).toFixed(1)} %`;
}

const [, , mode, founders, ticks] = process.argv;
if (mode === "live") {
  live(Number(founders), Number(ticks));
} else {
  printMachine();
  for (const [fish, length] of RUNS) {
    const profile = record(fish, length);
    const phases = shares(profile, phaseOf);
    const kernels = shares(profile, kernelOf);
    print(`${fish} founders, ${length} ticks:\n`);
    printHead("phase of the tick", "share", "kernel alone", "share");
    for (let row = 0; row < ROWS; row++) {
      const [phase, kernel] = [phases[row], kernels[row]];
      printRow(phase?.[0] ?? "", percent(phase?.[1]), kernel?.[0] ?? "", percent(kernel?.[1]));
    }
    print("");
  }
  keepReport("profile");
}
