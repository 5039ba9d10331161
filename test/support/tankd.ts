import { join } from "node:path";
import type { Subprocess } from "bun";

/** The program under test. */
export const TANKD = process.env["TANKD_BINARY"] ?? join(import.meta.dir, "../../dist/tankd");

/** Bound on failure for anything that needs no more than a start or a stop. */
export const PROMPTLY_MS = 30_000;

/** Nothing of the environment that runs the tests may configure the program. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1" };
}

/** Where an output of the process goes: a file descriptor, nowhere, or to whoever started it. */
type Output = number | "ignore" | "pipe";

export interface TankdStart {
  readonly dataDirectory: string;
  readonly options?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly binary?: string;
  /**
   * What runs the program, e.g. `ip netns exec …`. It must become the program (exec), so that
   * signals reach it.
   */
  readonly under?: readonly string[];
  readonly stdout?: Output;
  readonly stderr?: Output;
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | number | null;
}

/** One life of the real program in the foreground: what every starter of a node is built on. */
export class TankdProcess {
  readonly dataDirectory: string;
  readonly #process: Subprocess;

  constructor(start: TankdStart) {
    const { dataDirectory, binary = TANKD, under = [], options = [] } = start;
    this.dataDirectory = dataDirectory;
    this.#process = Bun.spawn(
      [...under, binary, "start", "--data-dir", dataDirectory, ...options],
      {
        stdin: "ignore",
        stdout: start.stdout ?? "ignore",
        stderr: start.stderr ?? "ignore",
        env: { ...start.environment },
      },
    );
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves when the process is gone. */
  get ended(): Promise<Ended> {
    return this.#process.exited.then(() => ({
      exitCode: this.#process.exitCode,
      signal: this.#process.signalCode,
    }));
  }

  /** What it says on stderr, where that is a pipe. */
  get stderr(): ReadableStream<Uint8Array> {
    const { stderr } = this.#process;
    if (!(stderr instanceof ReadableStream)) throw new Error("stderr was not asked for as a pipe");
    return stderr;
  }

  signal(signal: "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Power cut for the process: no chance to say goodbye. */
  async crash(): Promise<Ended> {
    this.signal("SIGKILL");
    return this.ended;
  }
}
