/** What all benchmarks share: time spent, medians, lines of text. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

export interface Spent {
  readonly wallMs: number;
  /** Processor time of the whole process, its compiler and collector threads included. */
  readonly cpuMs: number;
}

/** How long the work took, by the clock and on the processor. */
export function spend(work: () => void): Spent {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  work();
  const wallMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The value below which `share` of all lie; the largest for 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Medians of both over several measurements. */
export function medianOf(all: readonly Spent[]): Spent {
  return {
    wallMs: median(all.map(({ wallMs }) => wallMs)),
    cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
  };
}

/** Median time of one call in microseconds, over batches of calls after a warm-up. */
export function perCall(batches: number, calls: number, work: (call: number) => unknown): Spent {
  const batch = () => {
    for (let call = 0; call < calls; call++) work(call);
  };
  for (let i = 0; i < 3; i++) batch();
  const { wallMs, cpuMs } = medianOf(Array.from({ length: batches }, () => spend(batch)));
  return { wallMs: wallMs / calls, cpuMs: cpuMs / calls };
}

const printed: string[] = [];

export function print(line: string): void {
  printed.push(line);
  process.stdout.write(`${line}\n`);
}

/** What was measured on, and how busy that was: figures mean nothing without. */
export function printMachine(): void {
  const [core] = cpus();
  const load = loadavg()[0]?.toFixed(1);
  const machine = `${core?.model.trim()}, ${cpus().length} cores, ${process.arch}`;
  print(`${machine}, Bun ${Bun.version}; load of the last minute at the start: ${load}.`);
  print("");
}

/** With `--write`, what was printed replaces that part of docs/benchmarks.md. */
export function keepReport(part: string, text = printed.join("\n")): void {
  if (!process.argv.includes("--write")) return;
  const path = join(import.meta.dir, "..", "docs", "benchmarks.md");
  const [begin, end] = [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`];
  const before = readFileSync(path, "utf8");
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no place for ${part}`);
  writeFileSync(
    path,
    `${before.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${before.slice(to)}`,
  );
}

/** A row of a Markdown table. */
export function printRow(...cells: readonly (string | number)[]): void {
  print(`| ${cells.join(" | ")} |`);
}

/** The head of a Markdown table. */
export function printHead(...cells: readonly string[]): void {
  printRow(...cells);
  printRow(...cells.map((_, index) => (index === 0 ? "---" : "---:")));
}

/** The value after `--name`, or the other one. */
export function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
}
