import { expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { recoverySchema } from "../../src/api/recovery-view.ts";
import { type RunningChild, Sandbox } from "./child.ts";

/** Only Linux offers memory as files. */
const onLinux = test.skipIf(process.platform !== "linux");

/** So slow that a kill hardly meets a tick. */
const TANKS = ["--tanks", "3", "--fish", "5", "--tick-rate", "1"];

function sharedFolder(sandbox: Sandbox): string {
  const { dev, ino, birthtimeNs } = statSync(sandbox.at("data"), { bigint: true });
  const directory = `${dev}-${ino}-${birthtimeNs}`;
  return join("/dev/shm", `tankd-${process.getuid?.()}`, directory);
}

async function recoveryOf(node: RunningChild) {
  const response = await fetch(new URL("/api/recovery", await node.running));
  return recoverySchema.parse(await response.json());
}

onLinux("a killed node goes on from its memory, which a clean stop gives up", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", ...TANKS);
  await node.running;
  const folder = sharedFolder(sandbox);
  expect(readdirSync(folder)).toHaveLength(3);
  await node.end("SIGKILL");
  const again = await sandbox.start("data");
  expect(await recoveryOf(again)).toMatchObject({
    recovered: 3,
    from_memory: 3,
    replayed_ticks: 0,
    damaged: [],
    stopped: [],
  });
  expect(await again.end("SIGTERM")).toBe(0);
  expect(existsSync(folder)).toBe(false);
  const third = await sandbox.start("data");
  expect(await recoveryOf(third)).toMatchObject({ recovered: 3, from_memory: 0 });
});

onLinux("--shared-memory off keeps the states in the process", async () => {
  using sandbox = new Sandbox();
  const before = await sandbox.start("data", ...TANKS);
  await before.running;
  await before.end("SIGKILL");
  expect(existsSync(sharedFolder(sandbox))).toBe(true);
  const node = await sandbox.start("data", ...TANKS, "--shared-memory", "off");
  await node.running;
  expect(existsSync(sharedFolder(sandbox))).toBe(false);
  await node.end("SIGKILL");
  const again = await sandbox.start("data", "--shared-memory", "off");
  expect(await recoveryOf(again)).toMatchObject({ recovered: 3, from_memory: 0, stopped: [] });
});
