import { expect, test } from "bun:test";
import { timingOf } from "../../src/node/timing.ts";
import { Sandbox } from "./child.ts";

const DELAY_MS = 1_500;
const ALONE = ["--tanks", "0", "--host", "127.0.0.1"];

/** Resolves when `/ready` answers so. */
async function readySays(url: string, status: number): Promise<void> {
  while ((await fetch(`${url}ready`)).status !== status) await Bun.sleep(5);
}

test("after SIGTERM a node is alive and not ready until the delay is over", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", ...ALONE, "--shutdown-delay", `${DELAY_MS}ms`);
  const url = await node.running;
  const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
  await readySays(url, 200);

  const sentMs = performance.now();
  node.signal("SIGTERM");
  await readySays(url, 503);
  const answer = await fetch(`${url}ready`);
  expect(await answer.json()).toMatchObject({
    status: 503,
    type: "urn:tankd:problem:not_ready",
    detail: "phase: stopping",
  });
  expect([await statusOf("health"), await statusOf("api/tanks")]).toEqual([200, 200]);
  expect(performance.now() - sentMs).toBeLessThan(DELAY_MS);
  expect((await node.ended).exitCode).toBe(0);
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual(DELAY_MS);
  expect(await node.err).toContain("node draining");
});

test("who presses Ctrl-C does not wait", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", ...ALONE, "--shutdown-delay", "1min");
  expect(await node.end("SIGINT")).toBe(0);
});

test("a second SIGTERM ends the wait", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", ...ALONE, "--shutdown-delay", "1min");
  await readySays(await node.running, 200);
  node.signal("SIGTERM");
  await readySays(await node.running, 503);
  await Bun.sleep(200);
  expect(await node.end("SIGTERM")).toBe(1);
});

test("only the production profile waits by itself", () => {
  expect(timingOf("default").shutdownDelayMs).toBe(0);
  expect(timingOf("development").shutdownDelayMs).toBe(0);
  expect(timingOf("production").shutdownDelayMs).toBe(5_000);
  expect(timingOf("production", { shutdownDelay: 0 }).shutdownDelayMs).toBe(0);
});
