import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { z } from "zod";
import { nodeFileSchema } from "./api.ts";
import { until } from "./commands.ts";
import { NodeApi } from "./node-api.ts";
import { cleanEnvironment, PROMPTLY_MS, TANKD } from "./tankd.ts";

export interface NodeStart {
  /** As the program sees it. */
  readonly directory: string;
  /** As the test sees it, where it lies in another mount namespace. */
  readonly seen?: string;
  readonly options?: readonly string[];
  /** Beside a clean one, whose HOME is the data directory's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The words before `start`; the program under test when they are left out. */
  readonly program?: readonly string[];
  /**
   * What runs the program, e.g. `ip netns exec …`. It must become the program (exec), so that
   * signals reach it.
   */
  readonly under?: readonly string[];
  readonly cwd?: string;
  /**
   * Where the URL is known beforehand. Otherwise node.json says it, as soon as the node has one.
   */
  readonly url?: string;
  /** A file to which both outputs are appended, or "pipe" for `stderr` alone; nowhere without. */
  readonly log?: string;
  /** To be read from `stdout`. */
  readonly stdout?: "pipe";
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | number | null;
}

type Signal = "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP" | "SIGUSR2";

const logLineSchema = z.looseObject({ level: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof logLineSchema>;

/** A line of a JSON log; undefined for anything else, as a line that the end has cut off. */
export function readLogLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return logLineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * One life of the program on a data directory, in the foreground. Everything that starts a node in
 * tests and benchmarks starts it with this class.
 */
export class NodeProcess implements AsyncDisposable {
  /** The data directory as the test sees it. */
  readonly directory: string;
  /** Of the exec, on the clock of `performance`. */
  readonly startedMs = performance.now();
  readonly api: NodeApi;
  readonly #process: Subprocess;
  readonly #url: string | undefined;
  readonly #logPath: string | undefined;
  #token: string | undefined;

  constructor(start: NodeStart) {
    const { directory, log, under = [], program = [TANKD], options = [] } = start;
    this.directory = start.seen ?? directory;
    this.#url = start.url;
    this.#logPath = log === "pipe" ? undefined : log;
    const file = this.#logPath === undefined ? undefined : openSync(this.#logPath, "a");
    this.#process = Bun.spawn(
      [...under, ...program, "start", "--data-dir", directory, ...options],
      {
        stdin: "ignore",
        stdout: start.stdout ?? file ?? "ignore",
        stderr: file ?? (log === "pipe" ? "pipe" : "ignore"),
        env: { ...cleanEnvironment(directory), ...start.environment },
        ...(start.cwd === undefined ? {} : { cwd: start.cwd }),
      },
    );
    if (file !== undefined) closeSync(file);
    this.api = new NodeApi(this);
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

  get url(): string {
    return this.#url ?? this.#file.url;
  }

  get nodeId(): string {
    return this.#file.node_id;
  }

  /** For control. */
  get token(): string {
    this.#token ??= readFileSync(join(this.directory, "token"), "utf8").trim();
    return this.#token;
  }

  get stdout(): ReadableStream<Uint8Array> {
    return piped(this.#process.stdout);
  }

  get stderr(): ReadableStream<Uint8Array> {
    return piped(this.#process.stderr);
  }

  /** Until it can do its work. */
  async ready(): Promise<this> {
    await until("the node is ready", PROMPTLY_MS, async () => {
      if (!this.isRunning) throw new Error(`tankd has exited\n${this.logTail()}`);
      return (await this.api.fetch("GET", "/ready")).ok;
    });
    return this;
  }

  /** What it has logged into its file so far. */
  logged(): readonly LogLine[] {
    return this.#logText().flatMap((line) => readLogLine(line) ?? []);
  }

  /** The end of its log file, for the message of a failing test. */
  logTail(lines = 40): string {
    return this.#logText().slice(-lines).join("\n");
  }

  signal(signal: Signal): void {
    this.#process.kill(signal);
  }

  /** Asks it to end, and waits for that. */
  async stop(signal: Signal = "SIGTERM"): Promise<Ended> {
    this.signal(signal);
    return this.ended;
  }

  /** Power cut for the process: no chance to say goodbye. */
  async crash(): Promise<Ended> {
    return this.stop("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
  }

  #logText(): readonly string[] {
    if (this.#logPath === undefined || !existsSync(this.#logPath)) return [];
    return readFileSync(this.#logPath, "utf8").trimEnd().split("\n");
  }

  get #file(): z.infer<typeof nodeFileSchema> {
    const text = readFileSync(join(this.directory, "node.json"), "utf8");
    return nodeFileSchema.parse(JSON.parse(text));
  }
}

function piped(stream: unknown): ReadableStream<Uint8Array> {
  if (!(stream instanceof ReadableStream)) throw new Error("no pipe was asked for");
  return stream;
}
