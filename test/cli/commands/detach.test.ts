import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { identity, json, runIn, type World } from "../fake-host.ts";

const CHILD = 4712;
const RECOVERY = {
  tanks: 40,
  recovered: 30,
  from_memory: 0,
  from_snapshots: 30,
  replayed_commands: 1,
  replayed_ticks: 2,
  duration_ms: 3,
  made: 0,
  damaged: [],
  stopped: [],
};

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tankd-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A child that says `status` of itself, and ends when it is told to. */
function childThat(status: () => string, advertised = "http://10.0.0.5:8000") {
  const ended = Promise.withResolvers<number>();
  let signal: () => void = () => {};
  const answer = ({ path }: HttpRequest): HttpResponse | undefined => {
    if (path === "/api/servers/local") return json(200, { api_url: advertised });
    if (path === "/health") return json(200, { status: status() });
    return path === "/api/recovery" ? json(200, RECOVERY) : undefined;
  };
  const node = { url: "http://127.0.0.1:8000", node_id: identity.nodeId, pid: CHILD };
  const world: World = {
    files: { [`${directory}/node.json`]: JSON.stringify(node) },
    answer,
    detach: () => ({ pid: CHILD, exited: ended.promise }),
    onSignal: (listener) => {
      signal = () => listener("SIGTERM");
      return () => {
        signal = () => {};
      };
    },
    onTerminate: () => ended.resolve(0),
  };
  return { world, signal: () => signal() };
}

test("what the child has brought back is said by the parent", async () => {
  const { world } = childThat(() => "healthy");
  const ran = await runIn(world, "start", "-d", "--data-dir", directory);
  expect([ran.code, ran.err]).toEqual([0, ""]);
  expect(ran.out).toContain(
    "\nRecovered 30 of 40 tanks in 3 ms (30 from snapshots, 1 command and 2 ticks replayed).\n",
  );
  expect(ran.out).toContain("\nFrom others: http://10.0.0.5:8000/\n");
  const asJson = await runIn(world, "start", "-d", "--json", "--data-dir", directory);
  expect(JSON.parse(asJson.out)).toMatchObject({
    ...{ pid: CHILD, recovery: RECOVERY },
    network_url: "http://10.0.0.5:8000",
  });
});

test("a node for this machine only has no address for others", async () => {
  const { world } = childThat(() => "healthy", "http://127.0.0.1:8000");
  const ran = await runIn(world, "start", "-d", "--data-dir", directory);
  expect(ran.out).not.toContain("From others");
  const asJson = await runIn(world, "start", "-d", "--json", "--data-dir", directory);
  expect(JSON.parse(asJson.out)).toMatchObject({ network_url: null });
});

test("the command to stop it can be typed as it stands", async () => {
  const { world } = childThat(() => "healthy");
  const called = { ...world, program: "dist/tankd" };
  const ran = await runIn(called, "start", "-d", "--data-dir", directory);
  expect(ran.out).toContain(`; to stop it: dist/tankd stop --data-dir ${directory}\n`);
});

test("how far a long recovery is, on a terminal, about once a second", async () => {
  let asked = 0;
  const { world } = childThat(() => (++asked > 125 ? "healthy" : "recovering"));
  const ran = await runIn({ ...world, isTerminal: true }, "start", "-d", "--data-dir", directory);
  expect(ran.err).toBe("tankd: 30 of 40 tanks recovered\n".repeat(2));
  expect(ran.out).toContain("tankd runs in the background");
});

test("a signal meanwhile ends the child, and then the command", async () => {
  let asked = 0;
  const { world, signal } = childThat(() => {
    if (++asked === 3) signal();
    return "recovering";
  });
  const ran = await runIn(world, "start", "-d", "--data-dir", directory);
  expect([ran.code, ran.out, ran.err, ran.terminated]).toEqual([0, "", "", [CHILD]]);
});

test("a second signal does not wait for the child", async () => {
  let asked = 0;
  const { world, signal } = childThat(() => {
    if (++asked === 2) signal();
    if (asked === 2) signal();
    return "recovering";
  });
  const codes: number[] = [];
  const exit = (code: number): never => {
    codes.push(code);
    throw new Error("exits");
  };
  await runIn({ ...world, exit }, "start", "-d", "--data-dir", directory);
  expect(codes).toEqual([1]);
});

test("the first process of a container runs no node in the background", async () => {
  const ran = await runIn({ pid: 1 }, "start", "-d", "--data-dir", directory);
  expect([ran.code, ran.out]).toEqual([2, ""]);
  const typed = `tankd start --data-dir ${directory}`;
  expect(ran.err).toContain(`without -d, in the foreground: ${typed}`);
});
