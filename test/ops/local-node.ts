import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { nodeFileSchema } from "../cluster/api.ts";
import { type Finished, run, until } from "../cluster/commands.ts";
import { PROMPTLY_MS, TANKD } from "../cluster/node.ts";

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

/** Nothing of the environment that runs the tests may configure the program. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1" };
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
  readonly dataDirectory: string;
  readonly #log: string;
  readonly #process: Bun.Subprocess;

  private constructor(dataDirectory: string, log: string, started: Bun.Subprocess) {
    this.dataDirectory = dataDirectory;
    this.#log = log;
    this.#process = started;
  }

  static async start(scratch: Scratch, options: readonly string[] = ALONE): Promise<LocalNode> {
    const dataDirectory = scratch.path("data");
    const started = Bun.spawn([TANKD, "start", "--data-dir", dataDirectory, ...options], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: openSync(logFile(scratch), "a"),
      env: cleanEnvironment(scratch.directory),
    });
    const node = new LocalNode(dataDirectory, logFile(scratch), started);
    await until("the node answers", PROMPTLY_MS, async () => (await fetch(`${node.url}/ready`)).ok);
    return node;
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
    return this.#process.exitCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
