import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { serverRecordSchema } from "../../src/cluster/server-record.ts";
import { balancerProgram, whyNoBalancer } from "../e2e/balancers.ts";
import { until } from "../support/commands.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { requiredTest } from "../support/required-test.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, PROMPTLY_MS } from "../support/tankd.ts";
import { startLocal } from "./local-node.ts";

const TIMEOUT_MS = 60_000;
/** How often HAProxy probes, in ms; one failure takes a server out. */
const PROBE_MS = 200;
const missing = whyNoBalancer("haproxy");

/** HAProxy in front of two nodes, as its manual says; `httpchk` alone is HTTP/1.0 without Host. */
function startHaproxy(scratch: Scratch, port: number, nodes: readonly NodeProcess[]) {
  const servers = nodes.map(({ url }, n) => `server s${n} ${new URL(url).host} check`).join("\n");
  const config = scratch.path("haproxy.cfg");
  writeFileSync(
    config,
    `
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend in
  bind 127.0.0.1:${port}
  default_backend pool
backend pool
  option httpchk GET /ready
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default-server inter ${PROBE_MS}ms fall 1 rise 1
${servers}
`,
  );
  const command = [balancerProgram("haproxy"), "-db", "-f", config];
  return Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
}

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  if (port === undefined) throw new Error("no port was found");
  server.stop(true);
  return port;
}

const serversSchema = z.object({ servers: z.array(serverRecordSchema.loose()) });

requiredTest(
  "HAProxy probes nodes, sends to one that drains no more, and is believed whom it names",
  missing,
  async () => {
    using first = new Scratch();
    using second = new Scratch();
    const options = [...ALONE, "--trusted-proxy", "127.0.0.1", "--shutdown-delay", "2s"];
    await using leaving = await startLocal(first, options);
    await using staying = await startLocal(second, options);
    const port = freePort();
    const front = `http://127.0.0.1:${port}`;
    const haproxy = startHaproxy(first, port, [leaving, staying]);
    try {
      await until("HAProxy finds both", PROMPTLY_MS, () => answersOf(front, "/health", 2));
      const registered = await fetch(`${front}/api/discovery/register`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": "203.0.113.9" },
        body: JSON.stringify({ server_id: "pi", host: "192.0.2.1", port: 8000 }),
      });
      expect(registered.ok).toBe(true);
      const listed = await Promise.all([leaving, staying].map(({ url }) => hostOf(url, "pi")));
      expect(listed.filter((host) => host !== undefined)).toEqual(["203.0.113.9"]);

      let isOver = false;
      const ended = leaving.stop().finally(() => {
        isOver = true;
      });
      const statuses = new Set<number>();
      while (!isOver) statuses.add((await fetch(`${front}/api/tanks`)).status);
      expect([...statuses]).toEqual([200]);
      expect(await ended).toEqual({ exitCode: 0, signal: null });
    } finally {
      haproxy.kill();
      await haproxy.exited;
    }
  },
  { timeoutMs: TIMEOUT_MS },
);

/** Whether so many nodes answer in turn. */
async function answersOf(front: string, path: string, nodes: number): Promise<boolean> {
  const seen = new Set<string>();
  for (let asked = 0; asked < 2 * nodes; asked++) {
    const answer = await fetch(`${front}${path}`).catch(() => undefined);
    if (!answer?.ok) return false;
    seen.add(z.object({ node_id: z.string() }).parse(await answer.json()).node_id);
  }
  return seen.size === nodes;
}

/** As which host a node lists a server. */
async function hostOf(url: string, serverId: string): Promise<string | undefined> {
  const body = serversSchema.parse(await (await fetch(`${url}/api/discovery/servers`)).json());
  return body.servers.find(({ server_id }) => server_id === serverId)?.host;
}
