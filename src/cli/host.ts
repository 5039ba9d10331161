import type { Examiner } from "../node/doctor/examiner.ts";
import type { Clock } from "../platform/clock.ts";
import type { GuardedText } from "../platform/files.ts";
import type { ByteNetwork, Network } from "../platform/network.ts";
import type { Cancel, Timers } from "../platform/timers.ts";

/** An output stream. */
export interface Output {
  write(text: string | Uint8Array): void;
  readonly isTerminal: boolean;
  /** Whether its reader is gone, as in `tankd logs -f | head -1`. Known after the next write. */
  readonly isClosed: boolean;
  readonly columns: number;
}

/** A detached child process. */
export interface DetachedProcess {
  readonly pid: number;
  /** Its exit code once it has ended. */
  readonly exited: Promise<number>;
}

/** A directory for the results of a command. All methods throw on failure. */
export interface Folder {
  /** Names of its files. */
  names(): readonly string[];
  /** Writes a file atomically and durably. Returns false if it exists, and leaves it unchanged. */
  create(name: string, text: string): boolean;
  /** Writes a file atomically and durably; replaces an existing one. */
  replace(name: string, text: string): void;
  /** Appends the whole text to a file, or nothing. */
  append(name: string, text: string): void;
  /** Makes appended text durable against power loss. */
  flush(name: string): void;
  /** Removes a file, if it exists. */
  remove(name: string): void;
}

export interface Build {
  readonly version: string;
  /** Abbreviated commit that the executable was built from; empty if unknown. */
  readonly commit: string;
}

/** The ports of the command line, so that tests can replace them. */
export interface Host {
  /** The arguments after the program's name. */
  readonly commandLine: readonly string[];
  /** The word that runs this program in a shell: `tankd`, or a path. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly homeDirectory: string;
  readonly isRoot: boolean;
  readonly pid: number;
  /** Whether the process was started on a terminal, which may be gone by now. */
  readonly isAtTerminal: boolean;
  /** Processor cores that this process may use. */
  readonly cores: number;
  /** The PID namespace of this process, outside of which pids name others; Linux only. */
  readonly pidNamespace: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Prompts on the terminal and returns the line typed; undefined without a terminal. */
  ask(question: string): Promise<string | undefined>;
  readonly build: Build;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network & ByteNetwork;
  /** Reads stdin, up to 1 MB. Throws when there is more. */
  readInput(): Promise<string>;
  /** Content of a text file; undefined if it does not exist. Throws when it cannot be read. */
  readText(path: string): string | undefined;
  /** The same, with a description of others than this user and root that can write or read it. */
  readGuarded(path: string): GuardedText | undefined;
  /** The same; throws for a pipe or a device, which may have no end. */
  readGuardedFile(path: string): GuardedText | undefined;
  /** The bytes of a file from `offset` on; undefined if it does not exist. */
  readFrom(path: string, offset: number): Uint8Array | undefined;
  /** The bytes of a file; undefined if it does not exist or is a folder. */
  sizeOf(path: string): number | undefined;
  /**
   * Writes a file atomically and durably. Returns false when it exists and may not be replaced.
   * Throws when it cannot be written.
   */
  writeFile(path: string, bytes: Uint8Array, mayReplace: boolean): boolean;
  /** Creates the directory if it is missing. Throws when that fails. */
  openFolder(path: string): Folder;
  isAlive(pid: number): boolean;
  /** Sends SIGTERM. */
  terminate(pid: number): void;
  /** Runs this program again in the background, its output appended to `logPath`. */
  detach(commandLine: readonly string[], logPath: string): DetachedProcess;
  /** Called for each SIGINT and SIGTERM. */
  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): Cancel;
  /** Called for each SIGHUP: the terminal is gone, or a supervisor wants files to be reopened. */
  onHangup(listener: () => void): Cancel;
  /** Called for an uncaught error. */
  onUncaught(listener: (error: unknown) => void): Cancel;
  /** Exits at once. */
  exit(code: number): never;
  /** Enables compilation of hot code, before long work. */
  compileReadily(): void;
  /** Loads the examiner of the machine lazily, since it has many dependencies. */
  openExaminer(): Promise<Examiner>;
  /** Starts a simulation thread. */
  spawnWorker(): Worker;
  /** Starts a disk thread. */
  spawnDisk(): Worker;
  /**
   * Runs a shell command with additional variables. Resolves with its exit code, or undefined on a
   * timeout.
   */
  runShell(
    command: string,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<number | undefined>;
}
