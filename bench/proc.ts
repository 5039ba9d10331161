/** What Linux knows of a process (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory, and the part of it that no file stands behind. */
export function memoryOf(pid: number): { residentMb: number; anonymousMb: number } {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string) =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1024;
  return { residentMb: megabytes("VmRSS"), anonymousMb: megabytes("RssAnon") };
}

/** Resident memory in megabytes. */
export function residentMegabytes(pid: number): number {
  return memoryOf(pid).residentMb;
}

/** Bytes that a process has written so far. */
export interface WrittenBytes {
  /** Passed to write calls. */
  readonly given: number;
  /** Dirtied in the page cache of files: whole pages, or whole folios where Linux uses them. */
  readonly toDisk: number;
}

export function bytesWritten(pid: number): WrittenBytes {
  const text = readFileSync(`/proc/${pid}/io`, "utf8");
  const counter = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(text)?.[1]);
  return { given: counter("wchar"), toDisk: counter("write_bytes") };
}

/** Milliseconds of processor time. */
export interface ProcessorTime {
  readonly user: number;
  readonly system: number;
  /** Of each kind of thread: by name, without its number. */
  readonly threads: ReadonlyMap<string, number>;
}

/** USER_HZ of Linux: hundredths of a second in /proc/…/stat. */
const CLOCK_TICK_MS = 10;

export function processorTime(pid: number): ProcessorTime {
  const [user, system] = timesOf(`/proc/${pid}/stat`);
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      const own = readFileSync(`${folder}/comm`, "utf8")
        .trim()
        .replace(/[ -]?\d+$/, "");
      const name = Number(thread) === pid ? "main" : own;
      // The first figure is nanoseconds on a processor: finer than stat.
      const ran = Number(readFileSync(`${folder}/schedstat`, "utf8").split(" ")[0]) / 1e6;
      threads.set(name, (threads.get(name) ?? 0) + ran);
    } catch {
      // It has ended meanwhile.
    }
  }
  return { user: user * CLOCK_TICK_MS, system: system * CLOCK_TICK_MS, threads };
}

/**
 * Of all threads that live: /proc/…/stat counts in steps of 10 ms, which is more than an idle
 * second takes.
 */
export function usedMs(pid: number): number {
  return [...processorTime(pid).threads.values()].reduce((sum, ms) => sum + ms, 0);
}

/** Of the whole process, read at little cost. */
export function processorSeconds(pid: number): number {
  const [user, system] = timesOf(`/proc/${pid}/stat`);
  return ((user + system) * CLOCK_TICK_MS) / 1000;
}

/** What was used from `before` to `after`. */
export function usedBetween(before: ProcessorTime, after: ProcessorTime): ProcessorTime {
  const threads = new Map(
    [...after.threads].map(([name, ms]) => [name, ms - (before.threads.get(name) ?? 0)]),
  );
  return { user: after.user - before.user, system: after.system - before.system, threads };
}

function timesOf(path: string): readonly [user: number, system: number] {
  const text = readFileSync(path, "utf8");
  // The name stands in parentheses and may hold any character; the times are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return [Number(fields[11]), Number(fields[12])];
}
