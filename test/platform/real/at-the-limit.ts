/**
 * A program that does one thing while it may open nothing more, and prints what comes of it:
 * `sh -c 'ulimit -n 64; exec bun at-the-limit.ts WHAT FOLDER'`.
 */
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { NetworkError } from "../../../src/platform/network.ts";
import { HttpNetwork } from "../../../src/platform/real/network.ts";
import { startWorker } from "../../../src/platform/real/threads.ts";
import { WebSockets } from "../../../src/platform/real/web-sockets.ts";
import { workerSimulation } from "../../../src/tanks/worker-host.ts";
import { fileOutput } from "../../../src/telemetry/file-output.ts";

const [what = "", folder = ""] = process.argv.slice(2);
const LIMITS = { timeoutMs: 2_000, headers: {}, path: "/" };
const request = { ...LIMITS, method: "GET", responseBytesMax: 1000 } as const;
const network = new HttpNetwork();
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("here") });
const origin = `http://127.0.0.1:${server.port}`;
const log = fileOutput({ path: `${folder}/log`, bytesMax: 8, keep: 2 });
const taken: number[] = [];

const things: Readonly<Record<string, () => Promise<unknown>>> = {
  request: () => network.send({ ...request, origin }).catch(failure),
  name: () => network.resolve("tanks.invalid").catch(failure),
  socket: () => {
    const listener = { onMessage: () => {}, onClose: () => {} };
    return new WebSockets()
      .connect({ ...LIMITS, origin, messageBytesMax: 1 }, listener)
      .catch(failure);
  },
  thread: () => {
    const failed = Promise.withResolvers<string>();
    const thread = workerSimulation(startWorker(() => new Worker(import.meta.path)));
    thread.onMessage((message) => failed.resolve(message.kind));
    return failed.promise;
  },
  log: async () => {
    for (const line of ["three\n", "four\n", "five\n"]) log.write(line);
  },
};

function failure(error: unknown): unknown {
  return error instanceof NetworkError ? `${error.failure}: ${error.reason}` : String(error);
}

// What they load at their first use is loaded before.
await network.send({ ...request, origin });
await import("ws-client");
for (const line of ["one\n", "two\n"]) log.write(line);
network.close();
await Bun.sleep(50);
try {
  for (;;) taken.push(openSync(devNull, "r"));
} catch {
  // There are no more.
}
const came = await things[what]?.();
for (const descriptor of taken) closeSync(descriptor);
process.stdout.write(`${JSON.stringify(came ?? null)}\n`);
process.exit(0);
