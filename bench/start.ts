/**
 * How long a node takes from exec to its first answer, to its role alone, and to its role beside a
 * hub, and what it then weighs:
 *   make build && bun bench/start.ts [--runs 10]
 * Medians and 95th percentiles in milliseconds; nodes on loopback, data directories under the
 * system's temporary directory.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const BINARY = join(import.meta.dir, "..", "dist", "tankd");
const POLL_MS = 2;
const GIVE_UP_MS = 30_000;
/** Time for the heap of a young node to settle before it is weighed. */
const SETTLE_MS = 10_000;

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const runs = Number(values.runs);

interface Node {
  readonly url: string;
  readonly startedMs: number;
  readonly process: Bun.Subprocess;
  readonly directory: string;
}

async function startNode(port: number, ...options: string[]): Promise<Node> {
  const directory = await mkdtemp(join(tmpdir(), "tankd-bench-"));
  const startedMs = performance.now();
  const process = Bun.spawn(
    [
      BINARY,
      "start",
      "--data-dir",
      directory,
      "--host",
      "127.0.0.1",
      "--port",
      `${port}`,
      ...options,
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  return { url: `http://127.0.0.1:${port}`, startedMs, process, directory };
}

async function endNode(node: Node): Promise<void> {
  node.process.kill("SIGTERM");
  await node.process.exited;
  await rm(node.directory, { recursive: true });
}

/** Milliseconds from exec until `path` answers with something that `holds`. */
async function until(node: Node, path: string, holds: (body: string) => boolean): Promise<number> {
  while (performance.now() - node.startedMs < GIVE_UP_MS) {
    try {
      const response = await fetch(node.url + path);
      if (response.ok && holds(await response.text())) return performance.now() - node.startedMs;
    } catch {
      // Not listening yet.
    }
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`${path} did not answer as expected within ${GIVE_UP_MS} ms`);
}

const anything = () => true;
const isHealthy = (body: string) => body.includes('"healthy"');
const hasRole = (role: string) => (body: string) => body.includes(`"role":"${role}"`);

async function residentMegabytes(node: Node): Promise<number> {
  const status = await readFile(`/proc/${node.process.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function row(name: string, samples: number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return `${name.padEnd(44)} ${at(0.5)?.toFixed(0).padStart(8)} ${at(0.95)?.toFixed(0).padStart(8)}\n`;
}

const answered: number[] = [];
const healthy: number[] = [];
const alone: number[] = [];
const joined: number[] = [];
for (let run = 0; run < runs; run++) {
  const hub = await startNode(18_100, "--discovery", "none");
  answered.push(await until(hub, "/health", anything));
  healthy.push(await until(hub, "/health", isHealthy));
  alone.push(await until(hub, "/api/servers/local", hasRole("hub")));
  const worker = await startNode(18_101, "--discovery", "hub", "--hub", hub.url);
  joined.push(await until(worker, "/api/servers/local", hasRole("worker")));
  await endNode(worker);
  await endNode(hub);
}
const idle = await startNode(18_100, "--discovery", "none");
await Bun.sleep(SETTLE_MS);
const resident = await residentMegabytes(idle);
await endNode(idle);

process.stdout.write(`${"milliseconds from exec".padEnd(44)}   median      p95\n`);
process.stdout.write(row("first answer on /health", answered));
process.stdout.write(row("healthy: tanks are there", healthy));
process.stdout.write(row("role decided, alone", alone));
process.stdout.write(row("role decided, joining a hub", joined));
process.stdout.write(`resident memory with one tank of 50 fish: ${resident.toFixed(0)} MB\n`);
