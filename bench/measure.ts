/** What all benchmarks share: time spent, medians, lines of text. */

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

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
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
