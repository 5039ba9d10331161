/** Nodes of the compiled program on loopback, for the benchmarks that look at it from outside. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeProcess } from "../test/support/node-process.ts";
import { TANKD } from "../test/support/tankd.ts";

const POLL_MS = 2;
const GIVE_UP_MS = 60_000;

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
export function startNode(options: NodeOptions, ...flags: string[]): NodeProcess {
  const { port, logPath, binary = TANKD } = options;
  return new NodeProcess({
    directory: options.directory ?? mkdtempSync(join(tmpdir(), "tankd-bench-")),
    program: [binary],
    options: ["--host", "127.0.0.1", "--port", `${port}`, ...flags],
    environment: { LOG_FORMAT: "json" },
    url: `http://127.0.0.1:${port}`,
    ...(logPath === undefined ? {} : { log: logPath }),
  });
}

/** Ends the process and removes its directory. */
export async function endNode(node: NodeProcess): Promise<void> {
  await node.stop();
  await rm(node.directory, { recursive: true });
}

/** Milliseconds from exec until `path` answers with something that `holds`. */
export async function until(
  node: NodeProcess,
  path: string,
  holds: (body: string) => boolean,
): Promise<number> {
  while (performance.now() - node.startedMs < GIVE_UP_MS) {
    try {
      const response = await node.api.fetch("GET", path);
      if (response.ok && holds(await response.text())) return performance.now() - node.startedMs;
    } catch {
      // Not listening yet.
    }
    if (!node.isRunning) throw new Error("the node has ended");
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`${path} did not answer as expected within ${GIVE_UP_MS} ms`);
}

export const anything = () => true;
export const isHealthy = (body: string) => body.includes('"healthy"');
export const hasRole = (role: string) => (body: string) => body.includes(`"role":"${role}"`);
