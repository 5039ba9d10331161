import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/commands.ts";
import { NodeProcess, type NodeStart } from "../support/node-process.ts";
import { MAIN } from "../support/tankd.ts";

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A place for data directories that is gone after the test. */
export class Sandbox implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tankd-test-"));
  readonly #nodes: RunningChild[] = [];
  readonly #preload: string | undefined;

  /** `preload` is the source of a script that runs in each process before tankd does. */
  constructor(preload?: string) {
    this.#preload = preload === undefined ? undefined : join(this.path, "preload.ts");
    if (this.#preload !== undefined) writeFileSync(this.#preload, preload ?? "");
  }

  /** Environment of a newcomer: nothing is set, nothing is there. */
  readonly environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: join(this.path, "home"),
    XDG_STATE_HOME: join(this.path, "state"),
  };

  at(name: string): string {
    return join(this.path, name);
  }

  /** Runs a command to its end. */
  async run(...commandLine: readonly string[]): Promise<Finished> {
    const { exitCode, stdout, stderr } = await run([...this.#program, ...commandLine], {
      cwd: this.path,
      env: this.environment,
    });
    return { code: exitCode, out: stdout, err: stderr };
  }

  async json(...commandLine: readonly string[]): Promise<unknown> {
    const { code, out, err } = await this.run(...commandLine, "--json");
    if (code !== 0) throw new Error(`exit ${code}: ${err}`);
    return JSON.parse(out);
  }

  /** A node in the foreground, alone on any free port, that may not run yet. */
  begin(directory: string, ...flags: readonly string[]): RunningChild {
    const port = flags.includes("--port") ? [] : ["--port", "0"];
    const node = new RunningChild({
      directory: this.at(directory),
      program: this.#program,
      options: ["--discovery", "none", ...port, ...flags],
      environment: this.environment,
      cwd: this.path,
    });
    this.#nodes.push(node);
    return node;
  }

  /** The same; resolves when it says that it runs. */
  async start(directory: string, ...flags: readonly string[]): Promise<RunningChild> {
    const node = this.begin(directory, ...flags);
    await node.running;
    return node;
  }

  /** Resolves when there is such a file. */
  async appeared(name: string): Promise<void> {
    while (!existsSync(this.at(name))) await Bun.sleep(1);
  }

  [Symbol.dispose](): void {
    for (const node of this.#nodes) node.signal("SIGKILL");
    rmSync(this.path, { recursive: true, force: true });
  }

  get #program(): readonly string[] {
    const preload = this.#preload === undefined ? [] : ["--preload", this.#preload];
    return [process.execPath, ...preload, MAIN];
  }
}

/** A node with what it says to a person at a terminal. */
export class RunningChild extends NodeProcess {
  /** Resolves with the URL of the dashboard; rejects when the node ends first. */
  readonly running: Promise<string>;
  readonly err: Promise<string>;

  constructor(start: Omit<NodeStart, "log" | "stdout">) {
    super({ ...start, log: "pipe", stdout: "pipe" });
    this.err = new Response(this.stderr).text();
    this.running = this.#waitForUrl();
    // Who ends a node before it runs does not ask for its address.
    this.running.catch(() => {});
  }

  /** Returns the exit code. */
  async end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null> {
    return (await this.stop(signal)).exitCode;
  }

  async #waitForUrl(): Promise<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const url = /Dashboard:\s+(http:\S+\/)\n/.exec(text)?.[1];
      if (url) return url;
    }
    throw new Error(`the node ended: ${await this.err}`);
  }
}
