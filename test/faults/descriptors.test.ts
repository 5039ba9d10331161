import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { whyNoNamespaces } from "../support/namespace-host.ts";
import { Namespaces } from "../support/namespaces.ts";
import { requiredTest } from "../support/required-test.ts";
import { Scratch } from "../support/scratch.ts";
import { Client } from "./client.ts";
import { Node } from "./node.ts";

const LIMIT = 64;
const LIMITED = ["sh", "-c", `ulimit -n ${LIMIT}; exec "$@"`, "sh"];
/** What may be open: a quarter is the reserve, of which requests may take a half. */
const OPEN_MAX = (7 / 8) * LIMIT;
const PROBES = 20;
/**
 * Less than a client waits that checks a node's health. Beyond 511 connections at once the system
 * drops some, and their clients try again after 1 s, and 2 s later.
 */
const ANSWER_MS = 4_000;
const TIMEOUT_MS = 60_000;
setDefaultTimeout(TIMEOUT_MS);

const SAYS_NOTHING = "";
const HALF_A_LINE = "GET /hea";
const HALF_A_HEAD = "GET /health HTTP/1.1\r\nHost: a\r\nX-";
const HALF_A_BODY =
  "POST /api/discovery/register HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
  "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
const WATCHES = (tank: string) =>
  `GET /ws/${tank} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).toReversed()) await one();
});

async function startNode(under: readonly string[], options: readonly string[] = []) {
  const scratch = new Scratch();
  undo.push(() => scratch[Symbol.dispose]());
  const node = new Node({ directory: scratch.path("data"), under, options });
  undo.push(() => node.crash());
  return { node, url: new URL(await node.healthy) };
}

/** Holds connections, and tells how many the node has left it. */
async function crowd(
  url: URL,
  count: number,
  words: string,
  { under = [], bytes = "," }: { under?: readonly string[]; bytes?: string } = {},
) {
  const script = `${import.meta.dir}/crowd.ts`;
  const process_ = Bun.spawn(
    [...under, process.execPath, script, url.hostname, url.port, String(count), words, bytes],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  undo.push(() => process_.kill("SIGKILL"));
  const reader = process_.stdout.getReader();
  const hear = async () => new TextDecoder().decode((await reader.read()).value).trim();
  expect(await hear()).toBe("there");
  return {
    held: async () => {
      process_.stdin.write("\n");
      await process_.stdin.flush();
      return Number(await hear());
    },
  };
}

/** How long answers take, one after the other, each over a connection of its own. */
async function probe(url: URL): Promise<readonly number[]> {
  const took: number[] = [];
  for (let n = 0; n < PROBES; n++) {
    const startMs = performance.now();
    const answer = await fetch(new URL("/health", url), {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(10 * ANSWER_MS),
    });
    await answer.text();
    if (answer.ok) took.push(performance.now() - startMs);
    await Bun.sleep(20);
  }
  return took;
}

async function expectHealthy(url: URL): Promise<void> {
  const took = await probe(url);
  expect(took).toHaveLength(PROBES);
  expect(Math.max(...took)).toBeLessThan(ANSWER_MS);
}

async function viewers(url: URL): Promise<number> {
  const metrics = await (await fetch(new URL("/metrics", url))).text();
  return Number(/^tankd_viewers (\d+)$/m.exec(metrics)?.[1]);
}

const openIn = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

const onLinux = process.platform === "linux" ? test : test.skip;

describe("a node with 64 descriptors answers beside connections of its own machine", () => {
  test.each([
    ["that say nothing", 150, SAYS_NOTHING],
    ["by the thousand", 1000, SAYS_NOTHING],
    ["that stop in the first line", 150, HALF_A_LINE],
    ["that stop in the headers", 1000, HALF_A_HEAD],
    ["that stop in the body", 150, HALF_A_BODY],
  ])("%s", async (_, count, words) => {
    if (process.platform !== "linux") return;
    const { node, url } = await startNode(LIMITED);
    await crowd(url, count, words);
    await expectHealthy(url);
    // The system hands over connections that say nothing after a second.
    await node.hear("connections ended");
    await expectHealthy(url);
    // Half of the reserve is there at least, for files, threads and others.
    expect(openIn(node.pid)).toBeLessThanOrEqual(OPEN_MAX);
    const client = new Client(url.origin, node.token);
    expect(await client.change("POST", "/api/tanks", { name: "second" })).toMatchObject({
      kind: "done",
    });
    expect(await client.read("/api/servers/local")).toMatchObject({
      body: { descriptors: { limit: LIMIT } },
    });
    expect(node.said("connections ended")).toHaveLength(1);
    expect(await (await fetch(`${url}metrics`)).text()).toContain("tankd_connections_ended_total{");
  });

  onLinux("that watch a tank: those that came first stay", async () => {
    const { node, url } = await startNode(LIMITED);
    const [tank] = await new Client(url.origin, node.token).tanks();
    const words = WATCHES(tank?.tank.tank_id ?? "");
    const first = await crowd(url, 4, words);
    await Bun.sleep(200);
    const late = await crowd(url, 150, words);
    await expectHealthy(url);
    expect(openIn(node.pid)).toBeLessThanOrEqual(OPEN_MAX);
    expect(await first.held()).toBe(4);
    const left = await late.held();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(LIMIT / 2);
    await crowd(url, 500, HALF_A_LINE);
    await expectHealthy(url);
    expect(await late.held()).toBe(left);
  });
});

/** Frames of a viewer, masked by zeros (RFC 6455 section 5.2): the first, and what follows it. */
const FRAMES: readonly (readonly [string, string])[] = [
  ["empty messages", ",818000000000"],
  ["pings", ",898000000000"],
  ["pongs", ",8a8000000000"],
  ["pieces of a message without end", "018000000000,008000000000"],
];

describe("whoever sends small frames without end is disconnected", () => {
  test.each(FRAMES)("%s", async (_, bytes) => {
    if (process.platform !== "linux") return;
    const { node, url } = await startNode([]);
    const [tank] = await new Client(url.origin, node.token).tanks();
    const words = WATCHES(tank?.tank.tank_id ?? "");
    const calm = await crowd(url, 1, words);
    await crowd(url, 8, words, { bytes });
    // Until all of them watch.
    await Bun.sleep(1_000);
    const deadline = performance.now() + 20_000;
    while ((await viewers(url)) > 1 && performance.now() < deadline) await Bun.sleep(100);
    expect(await viewers(url)).toBe(1);
    await expectHealthy(url);
    expect(await calm.held()).toBe(1);
  });
});

requiredTest(
  "an address holds no more connections than it is allowed",
  await whyNoNamespaces(),
  async () => {
    const machines = await Namespaces.open();
    undo.push(() => machines.close());
    await machines.add([1, 2]);
    const on = (machine: number) => ["ip", "netns", "exec", machines.nameOf(machine)];
    const { url } = await startNode(on(1), ["--host", "::", "--connections-per-address", "12"]);
    const there = new URL(`http://${machines.addressOf(1)}:${url.port}`);
    const local = await crowd(url, 30, HALF_A_LINE, { under: on(1) });
    const others = await crowd(there, 30, HALF_A_LINE, { under: on(2) });
    await Bun.sleep(2_000);
    expect(await others.held()).toBe(12);
    expect(await local.held()).toBe(30);
  },
  { timeoutMs: TIMEOUT_MS },
);
