import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** A node on loopback, in the foreground, killed at the end of the test. */
export class LocalNode implements AsyncDisposable {
  readonly dataDirectory: string;
  readonly #process: Bun.Subprocess;

  private constructor(dataDirectory: string, started: Bun.Subprocess) {
    this.dataDirectory = dataDirectory;
    this.#process = started;
  }

  static async start(scratch: Scratch, options: readonly string[] = ALONE): Promise<LocalNode> {
    const dataDirectory = scratch.path("data");
    const started = Bun.spawn([TANKD, "start", "--data-dir", dataDirectory, ...options], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      env: cleanEnvironment(scratch.directory),
    });
    const node = new LocalNode(dataDirectory, started);
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

  get isRunning(): boolean {
    return this.#process.exitCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
