import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { nodeFileSchema } from "../support/api.ts";
import { type Finished, run, until } from "../support/commands.ts";
import { cleanEnvironment, PROMPTLY_MS, TANKD, TankdProcess } from "../support/tankd.ts";

/** Options that keep a node to itself: loopback, any port, nobody to find. */
export const ALONE = ["--host", "127.0.0.1", "--port", "0", "--discovery", "none"];

/** A place of its own for one test, removed with it. */
export class Scratch implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "tankd-ops-"));

  path(name: string): string {
    return join(this.directory, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Runs `tankd …` to its end. */
export function tankd(scratch: Scratch, ...words: readonly string[]): Promise<Finished> {
  return run([TANKD, ...words], {
    env: cleanEnvironment(scratch.directory),
    cwd: scratch.directory,
  });
}

/** What a failing command says to people: its lines on stderr that are not log events. */
export function complaints({ stderr }: Finished): readonly string[] {
  return stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{"));
}

const logLineSchema = z.looseObject({
  msg: z.string(),
  level: z.string(),
  address: z.string().optional(),
});

function logFile(scratch: Scratch): string {
  return scratch.path("log");
}

/** A node on loopback, in the foreground, killed at the end of the test. */
export class LocalNode implements AsyncDisposable {
  readonly #log: string;
  readonly #process: TankdProcess;

  private constructor(log: string, started: TankdProcess) {
    this.#log = log;
    this.#process = started;
  }

  static async start(
    scratch: Scratch,
    options: readonly string[] = ALONE,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<LocalNode> {
    const log = openSync(logFile(scratch), "a");
    const started = new TankdProcess({
      dataDirectory: scratch.path("data"),
      options,
      environment: { ...cleanEnvironment(scratch.directory), ...environment },
      stderr: log,
    });
    closeSync(log);
    const node = new LocalNode(logFile(scratch), started);
    await until("the node answers", PROMPTLY_MS, async () => (await fetch(`${node.url}/ready`)).ok);
    return node;
  }

  get dataDirectory(): string {
    return this.#process.dataDirectory;
  }

  get url(): string {
    const text = readFileSync(join(this.dataDirectory, "node.json"), "utf8");
    return nodeFileSchema.parse(JSON.parse(text)).url;
  }

  get token(): string {
    return readFileSync(join(this.dataDirectory, "token"), "utf8").trim();
  }

  /** What it has logged so far. */
  log(): readonly z.infer<typeof logLineSchema>[] {
    const lines = readFileSync(this.#log, "utf8").split("\n");
    // The last one may be half written.
    return lines.slice(0, -1).flatMap((line) => {
      return line.startsWith("{") ? [logLineSchema.parse(JSON.parse(line))] : [];
    });
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** Asks it to end as a supervisor does. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#process.signal("SIGTERM");
    return (await this.#process.ended).exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.crash();
  }
}
