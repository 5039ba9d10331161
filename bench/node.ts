/** Nodes of the compiled program on loopback, for the benchmarks that look at it from outside. */
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment, TANKD, TankdProcess } from "../test/support/tankd.ts";

const POLL_MS = 2;
const GIVE_UP_MS = 60_000;

export interface BenchNode {
  readonly url: string;
  /** Of the exec, on the clock of `performance`. */
  readonly startedMs: number;
  readonly process: TankdProcess;
  readonly directory: string;
}

export interface NodeOptions {
  readonly port: number;
  /** Another build than what `make build` has made. */
  readonly binary?: string;
  /** A new one under the system's temporary directory when it is left out. */
  readonly directory?: string;
  /** Where its log goes; nowhere when it is left out. */
  readonly logPath?: string;
}

/** Executes `tankd start`; returns at once. */
export async function startNode(options: NodeOptions, ...flags: string[]): Promise<BenchNode> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "tankd-bench-")));
  const { port, logPath, binary = TANKD } = options;
  const startedMs = performance.now();
  const started = new TankdProcess({
    dataDirectory: directory,
    binary,
    options: ["--host", "127.0.0.1", "--port", `${port}`, ...flags],
    environment: { ...cleanEnvironment(directory), LOG_FORMAT: "json" },
    ...(logPath === undefined ? {} : { stderr: openSync(logPath, "a") }),
  });
  return { url: `http://127.0.0.1:${port}`, startedMs, process: started, directory };
}

/** Ends the process; its directory stays. */
export async function stopNode(
  node: BenchNode,
  signal: "SIGTERM" | "SIGKILL" = "SIGTERM",
): Promise<void> {
  node.process.signal(signal);
  await node.process.ended;
}

/** Ends the process and removes its directory. */
export async function endNode(node: BenchNode): Promise<void> {
  await stopNode(node);
  await rm(node.directory, { recursive: true });
}

/** Milliseconds from exec until `path` answers with something that `holds`. */
export async function until(
  node: BenchNode,
  path: string,
  holds: (body: string) => boolean,
): Promise<number> {
  while (performance.now() - node.startedMs < GIVE_UP_MS) {
    try {
      const response = await fetch(node.url + path);
      if (response.ok && holds(await response.text())) return performance.now() - node.startedMs;
    } catch {
      // Not listening yet.
    }
    if (!node.process.isRunning) throw new Error("the node has ended");
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`${path} did not answer as expected within ${GIVE_UP_MS} ms`);
}

export const anything = () => true;
export const isHealthy = (body: string) => body.includes('"healthy"');
export const hasRole = (role: string) => (body: string) => body.includes(`"role":"${role}"`);

/** Asks a running node, with its control token. */
export class NodeApi {
  readonly #node: BenchNode;
  #token = "";

  constructor(node: BenchNode) {
    this.#node = node;
  }

  async text(path: string): Promise<string> {
    const response = await fetch(this.#node.url + path);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.text();
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path));
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.send("POST", path, body)).json();
  }

  async delete(path: string): Promise<void> {
    await (await this.send("DELETE", path, {})).arrayBuffer();
  }

  async token(): Promise<string> {
    this.#token ||= (await readFile(join(this.#node.directory, "token"), "utf8")).trim();
    return this.#token;
  }

  /** Throws unless the node does it. */
  async send(method: "POST" | "DELETE", path: string, body: unknown): Promise<Response> {
    const authorization = `Bearer ${await this.token()}`;
    const response = await fetch(this.#node.url + path, {
      method,
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
