import type { Examiner } from "../node/doctor/examiner.ts";
import type { Clock } from "../platform/clock.ts";
import type { ByteNetwork, Network } from "../platform/network.ts";
import type { Cancel, Timers } from "../platform/timers.ts";

/** A stream that people or programs read. */
export interface Output {
  write(text: string | Uint8Array): void;
  readonly isTerminal: boolean;
  /** Whether its reader has gone, as in `tankd logs -f | head -1`. Known after the next write. */
  readonly isClosed: boolean;
  readonly columns: number;
}

/** A child that outlives this process until it is known to be healthy. */
export interface DetachedProcess {
  readonly pid: number;
  /** Its exit code once it has ended. */
  readonly exited: Promise<number>;
}

/** A directory that a command writes its results into. All throw when that fails. */
export interface Folder {
  /** What lies in it. */
  names(): readonly string[];
  /** Writes a file, whole and durably. False when there is one already, which stays. */
  create(name: string, text: string): boolean;
  /** Writes a file, whole and durably, in the place of one that is there. */
  replace(name: string, text: string): void;
  /** Adds the whole text to the end of a file, or nothing. */
  append(name: string, text: string): void;
  /** What was appended outlives a loss of power from here on. */
  flush(name: string): void;
  /** One that is not there is no error. */
  remove(name: string): void;
}

export interface Build {
  readonly version: string;
  /** Abbreviated commit the executable was built from; empty when it is not known. */
  readonly commit: string;
}

/** A text, and whose word it may be. */
export interface GuardedText {
  readonly text: string;
  /** Undefined where only this user and root can write it. */
  readonly alsoWrittenBy: string | undefined;
  /** Undefined where only this user and root can read it. */
  readonly alsoReadBy: string | undefined;
}

/** Everything that a command may touch, so that tests can hand in another world. */
export interface Host {
  /** What follows the program's name. */
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly homeDirectory: string;
  readonly isRoot: boolean;
  readonly pid: number;
  /** Processor cores that this process may use. */
  readonly cores: number;
  readonly stdout: Output;
  readonly stderr: Output;
  /**
   * Asks the person at the terminal and returns the line typed; undefined when nobody sits there.
   */
  ask(question: string): Promise<string | undefined>;
  readonly build: Build;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network & ByteNetwork;
  /** Everything that comes in at stdin, up to 1 MB. Throws when there is more. */
  readInput(): Promise<string>;
  /** Content of a text file; undefined when there is none. Throws when it cannot be read. */
  readText(path: string): string | undefined;
  /** The same, with who may write or read the file beside this user and root, in words. */
  readGuarded(path: string): GuardedText | undefined;
  /** The bytes of a file from `offset` on; undefined when there is no such file. */
  readFrom(path: string, offset: number): Uint8Array | undefined;
  /** Bytes of a file; undefined when there is no such file, for a folder too. */
  sizeOf(path: string): number | undefined;
  /**
   * Writes a file, whole and durably. False when there is one already, which stays unless it may be
   * replaced. Throws when it cannot be written.
   */
  writeFile(path: string, bytes: Uint8Array, mayReplace: boolean): boolean;
  /** Makes the directory where it is missing. Throws when that cannot be. */
  openFolder(path: string): Folder;
  isAlive(pid: number): boolean;
  /** Sends SIGTERM. */
  terminate(pid: number): void;
  /** Runs this program again in the background, its output appended to `logPath`. */
  detach(commandLine: readonly string[], logPath: string): DetachedProcess;
  /** Called for each SIGINT and SIGTERM. */
  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): Cancel;
  /** Called for an error that nobody caught. */
  onUncaught(listener: (error: unknown) => void): Cancel;
  /** Ends the process at once. */
  exit(code: number): never;
  /** Says that long work follows, whose code is worth compiling. */
  compileReadily(): void;
  /** For looking at the machine: opened where it is needed, since it stands on much. */
  openExaminer(): Promise<Examiner>;
  /** A new simulation thread. */
  spawnWorker(): Worker;
  /** A new disk thread. */
  spawnDisk(): Worker;
  /**
   * Runs a shell command with further variables; resolves with its exit code, or undefined when it
   * took too long.
   */
  runShell(
    command: string,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<number | undefined>;
}
