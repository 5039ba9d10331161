import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { availableParallelism, homedir } from "node:os";
import type { Examiner } from "../node/doctor/examiner.ts";
import { realClock } from "../platform/real/clock.ts";
import { compileReadily } from "../platform/real/compilation.ts";
import { writeKeptFile } from "../platform/real/durable-write.ts";
import { HttpNetwork } from "../platform/real/network.ts";
import { realTimers } from "../platform/real/timers.ts";
import type { Cancel } from "../platform/timers.ts";
import type { Build, DetachedProcess, GuardedText, Host, Output } from "./host.ts";
import { openFolder } from "./result-folder.ts";
import { writeFailure } from "./write-failure.ts";

/** What only the program's entry knows. */
export interface Entry {
  readonly build: Build;
  readonly spawnWorker: () => Worker;
  readonly spawnDisk: () => Worker;
  /** The script under `bun run`; undefined in the compiled executable. */
  readonly script: string | undefined;
}

/** The process and machine that this program runs on. */
export function realHost(entry: Entry): Host {
  return {
    commandLine: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.cwd(),
    homeDirectory: process.env["HOME"] || homedir(),
    isRoot: process.getuid?.() === 0,
    pid: process.pid,
    cores: availableParallelism(),
    stdout: output(STDOUT, process.stdout),
    stderr: output(STDERR, process.stderr),
    ask,
    build: entry.build,
    clock: realClock,
    timers: realTimers,
    network: new HttpNetwork(),
    readInput,
    readText,
    readGuarded,
    readFrom,
    sizeOf,
    writeFile: writeKeptFile,
    openFolder,
    isAlive,
    terminate: (pid) => void process.kill(pid, "SIGTERM"),
    detach: (commandLine, logPath) => detach(entry.script, commandLine, logPath),
    onSignal,
    onUncaught,
    exit: (code) => process.exit(code),
    compileReadily,
    openExaminer,
    spawnWorker: entry.spawnWorker,
    spawnDisk: entry.spawnDisk,
    runShell,
  };
}

const STDOUT = 1;
const STDERR = 2;
const DEFAULT_COLUMNS = 80;

/** Written synchronously, so that nothing is cut off when the process ends. */
function output(descriptor: number, stream: NodeJS.WriteStream): Output {
  let isClosed = false;
  return {
    write: (text) => {
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      try {
        isClosed = !writeWhole(descriptor, bytes);
      } catch (error) {
        // A message that cannot be delivered is no reason to fail; a result is.
        if (descriptor === STDOUT) throw writeFailure("stdout", error);
      }
    },
    get isClosed() {
      return isClosed;
    },
    get isTerminal() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns || DEFAULT_COLUMNS;
    },
  };
}

/** False when nobody reads any more, as with `tankd peers | head -1`. */
function writeWhole(descriptor: number, bytes: Uint8Array): boolean {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const code = errorCode(error);
      // A full pipe: its reader is slower than we are.
      if (code === "EAGAIN") Bun.sleepSync(1);
      else if (code === "EPIPE") return false;
      else throw error;
    }
  }
  return true;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** The terminal stays in its own line mode, so that Ctrl-C ends the program as anywhere else. */
async function ask(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  writeWhole(STDERR, new TextEncoder().encode(question));
  for await (const typed of stdin) return String(typed);
  return "";
}

/** Far more than any record that a command reads there. */
const INPUT_BYTES_MAX = 1 << 20;

async function readInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Bun.stdin.stream()) {
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) throw new Error(`stdin holds more than ${INPUT_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** One open file is asked for both, so that nobody can put another in its place in between. */
function readGuarded(path: string): GuardedText | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const { uid, mode } = fstatSync(descriptor);
    const text = readFileSync(descriptor, "utf8");
    return {
      text,
      alsoWrittenBy: othersThat(uid, mode, { all: 0o002, group: 0o020 }),
      alsoReadBy: othersThat(uid, mode, { all: 0o004, group: 0o040 }),
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Windows has no such modes; there a folder's owner decides. */
function othersThat(
  owner: number,
  mode: number,
  may: { readonly all: number; readonly group: number },
): string | undefined {
  const self = process.getuid?.();
  if (self === undefined) return undefined;
  if (mode & may.all) return "every user of this machine";
  if (mode & may.group) return "a whole group of users";
  return owner === self || owner === 0 ? undefined : "another user";
}

function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function sizeOf(path: string): number | undefined {
  try {
    const found = statSync(path);
    return found.isDirectory() ? undefined : found.size;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function readFrom(path: string, offset: number): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(Math.max(0, fstatSync(descriptor).size - offset));
    const count = readSync(descriptor, bytes, 0, bytes.length, offset);
    return bytes.subarray(0, count);
  } finally {
    closeSync(descriptor);
  }
}

async function openExaminer(): Promise<Examiner> {
  const { createExaminer } = await import("../node/doctor/examiner.ts");
  return createExaminer((path) => {
    try {
      return readText(path);
    } catch {
      return undefined;
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it lives, as somebody else's.
    return errorCode(error) === "EPERM";
  }
}

/**
 * Ended, but not yet collected: in a container whose first process does not, for ever. Linux only.
 */
function isZombie(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  // The state follows the name, which stands in parentheses and may hold any character.
  return stat?.slice(stat.lastIndexOf(")") + 2).startsWith("Z") ?? false;
}

function detach(
  script: string | undefined,
  commandLine: readonly string[],
  logPath: string,
): DetachedProcess {
  const log = openSync(logPath, "a", 0o600);
  const program = script === undefined ? [process.execPath] : [process.execPath, script];
  const child = Bun.spawn([...program, ...commandLine], {
    detached: true,
    stdin: "ignore",
    // Its greeting is ours to say; the log is for its log.
    stdout: "ignore",
    stderr: log,
    env: process.env,
  });
  closeSync(log);
  child.unref();
  return { pid: child.pid, exited: child.exited };
}

function onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): Cancel {
  const interrupted = () => listener("SIGINT");
  const terminated = () => listener("SIGTERM");
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", terminated);
  return () => {
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", terminated);
  };
}

function onUncaught(listener: (error: unknown) => void): Cancel {
  process.on("uncaughtException", listener);
  process.on("unhandledRejection", listener);
  return () => {
    process.off("uncaughtException", listener);
    process.off("unhandledRejection", listener);
  };
}

async function runShell(
  command: string,
  variables: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<number | undefined> {
  const shell = process.platform === "win32" ? ["cmd.exe", "/c"] : ["/bin/sh", "-c"];
  const child = Bun.spawn([...shell, command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    env: { ...process.env, ...variables },
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const code = await child.exited;
  return child.signalCode === "SIGKILL" ? undefined : code;
}
