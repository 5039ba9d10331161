import { closeSync, openSync, readlinkSync, realpathSync, writeSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { isatty } from "node:tty";
import type { Examiner } from "../node/doctor/examiner.ts";
import { realClock } from "../platform/real/clock.ts";
import { compileReadily } from "../platform/real/compilation.ts";
import { writeKeptFile } from "../platform/real/durable-write.ts";
import {
  readFrom,
  readGuarded,
  readGuardedFile,
  readText,
  sizeOf,
} from "../platform/real/existing-files.ts";
import { HttpNetwork } from "../platform/real/network.ts";
import { systemCode } from "../platform/real/storage-failures.ts";
import { realTimers } from "../platform/real/timers.ts";
import type { Cancel } from "../platform/timers.ts";
import type { Build, DetachedProcess, Host, Output } from "./host.ts";
import { programWord, shellWord } from "./invocation.ts";
import { openFolder } from "./result-folder.ts";
import { writeFailure } from "./write-failure.ts";

/** Facts that only the program's entry point has. */
export interface Entry {
  readonly build: Build;
  readonly spawnWorker: () => Worker;
  readonly spawnDisk: () => Worker;
  /** The script when run from source; undefined in the compiled executable. */
  readonly script: string | undefined;
}

/** The host adapter for the real process and machine. */
export function realHost(entry: Entry): Host {
  return {
    commandLine: process.argv.slice(2),
    get program() {
      return wordFor(entry.script);
    },
    environment: process.env,
    workingDirectory: workingDirectory(),
    homeDirectory: process.env["HOME"] || homedir(),
    isRoot: process.getuid?.() === 0,
    isAtTerminal: isatty(0),
    pid: process.pid,
    get pidNamespace() {
      return pidNamespace();
    },
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
    readGuardedFile,
    readFrom,
    sizeOf,
    writeFile: writeKeptFile,
    openFolder,
    isAlive,
    terminate: (pid) => void process.kill(pid, "SIGTERM"),
    detach: (commandLine, logPath) => detach(entry.script, commandLine, logPath),
    onSignal,
    onHangup,
    onUncaught,
    exit: (code) => process.exit(code),
    compileReadily,
    openExaminer,
    spawnWorker: entry.spawnWorker,
    spawnDisk: entry.spawnDisk,
    runShell,
  };
}

/** Looked up only where it is printed. */
function wordFor(script: string | undefined): string {
  const { argv0, execPath } = process;
  if (script !== undefined) return `${shellWord(execPath)} ${shellWord(script)}`;
  return programWord({ typed: argv0, executable: resolved(execPath) ?? execPath, onPath });
}

function onPath(name: string): string | undefined {
  const found = Bun.which(name);
  return found === null ? undefined : resolved(found);
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** A removed directory keeps its name: relative paths fail, absolute ones work. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env["PWD"] ?? "/";
  }
}

const STDOUT = 1;
const STDERR = 2;
const DEFAULT_COLUMNS = 80;

/** Writes synchronously, so that no output is lost when the process exits. */
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

/** Error codes of a reader or terminal that is gone, or of a descriptor that was never open. */
const GONE: readonly string[] = ["EPIPE", "EIO", "ENXIO", "EBADF"];

/** Returns false when the reader is gone, as with `tankd peers | head -1`. */
function writeWhole(descriptor: number, bytes: Uint8Array): boolean {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const code = systemCode(error);
      // The pipe is full: wait for its reader.
      if (code === "EAGAIN") Bun.sleepSync(1);
      else if (GONE.includes(code)) return false;
      else throw error;
    }
  }
  return true;
}

/** The terminal stays in line mode, so that Ctrl-C ends the program as usual. */
async function ask(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  writeWhole(STDERR, new TextEncoder().encode(question));
  for await (const typed of stdin) return String(typed);
  return "";
}

/** Far more than any record that a command reads from stdin. */
const INPUT_BYTES_MAX = 1 << 20;

async function readInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Bun.stdin.stream()) {
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) throw new Error(`stdin has more than ${INPUT_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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
    // EPERM: it runs, as another user.
    return systemCode(error) === "EPERM";
  }
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined;
  }
}

/** Whether it is a zombie, which lasts forever under an init that does not reap. Linux only. */
function isZombie(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  // The state follows the name, which is in parentheses and may contain any character.
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
    // Its messages name the program as this process was called.
    ...(script === undefined ? { argv0: process.argv0 } : {}),
    detached: true,
    stdin: "ignore",
    // The parent prints the messages; the file is for the log only.
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

function onHangup(listener: () => void): Cancel {
  process.on("SIGHUP", listener);
  return () => void process.off("SIGHUP", listener);
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
