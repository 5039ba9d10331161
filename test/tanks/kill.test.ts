import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DirectoryFiles } from "../../src/platform/real/files.ts";
import { createRealPlatform } from "../../src/platform/real/platform.ts";
import { apply, createTank, digest, step } from "../../src/sim/index.ts";
import type { Journal } from "../../src/store/journal.ts";
import type { TankRow } from "../../src/store/rows.ts";
import { DATABASE_FILE, openSqliteStore } from "../../src/store/sqlite/store.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { specOf } from "../../src/tanks/log/history.ts";
import { createTanks } from "../../src/tanks/service.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { FromSimulation } from "../../src/tanks/thread/simulation.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";

const directory = await mkdtemp(join(tmpdir(), "tankd-kill-"));
afterAll(() => rm(directory, { recursive: true }));

const KILLS = 4;
const COMMANDS_BEFORE_KILL = 40;

test("a process killed under a stream of commands has kept what it acknowledged", async () => {
  const acknowledged = new Map<string, number>();
  for (let kill = 0; kill < KILLS; kill++) {
    await lifeAndDeath(acknowledged, COMMANDS_BEFORE_KILL * (kill + 1));
    await verify(acknowledged);
  }
}, 60_000);

/** Runs the child until it has acknowledged so many commands, then `kill -9`. */
async function lifeAndDeath(acknowledged: Map<string, number>, commands: number): Promise<void> {
  const child = Bun.spawn(
    [process.execPath, new URL("./kill-child.ts", import.meta.url).pathname, directory],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  const heard: string[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    heard.push(...lines);
    if (heard.length >= commands) child.kill("SIGKILL");
  }
  await child.exited;
  expect(heard.length).toBeGreaterThanOrEqual(commands);
  for (const line of heard) {
    const [tankId, seq] = line.split(" ");
    acknowledged.set(tankId ?? "", Number(seq));
  }
}

async function verify(acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const store = openSqliteStore(join(directory, DATABASE_FILE));
  const platform = createRealPlatform();
  const loaded = new Map<string, Extract<FromSimulation, { kind: "loaded" }>>();
  const tanks = createTanks({
    ...platform,
    journal: store.journal,
    files: new DirectoryFiles(directory),
    log: silentLog,
    metrics: noMetrics,
    tickRate: 300,
    spawnSimulation: () => {
      const thread = inProcessSimulation(platform);
      return {
        ...thread,
        post: (message) =>
          thread.post(message.kind === "load" ? { ...message, frozen: true } : message),
        onMessage: (handler) =>
          thread.onMessage((message) => {
            if (message.kind === "loaded") loaded.set(message.tank, message);
            handler(message);
          }),
      };
    },
  });
  const report = await tanks.start();
  expect(report.tanks.map((tank) => tank.status)).toEqual(["recovered", "recovered"]);
  for (const { row, seq } of tanks.list()) {
    expect(seq).toBeGreaterThanOrEqual(acknowledged.get(row.tank_id) ?? Number.NaN);
    const { digest: found, report } = loaded.get(row.tank_id) ?? fail("it was not loaded");
    expect(found).toBe(await replayed(store.journal, row, report.stats.tick));
  }
  // No clean stop, and so no snapshot: the next replay begins at the creation again.
  await store.close();
}

function fail(message: string): never {
  throw new Error(message);
}

/**
 * The digest at `tick`, after the whole log, by the world's own functions and from its creation.
 */
async function replayed(journal: Journal, row: TankRow, tick: number): Promise<string> {
  const tank = createTank(specOf(row));
  for (const entry of await journal.log(row.tank_id, 0)) {
    while (tank.tick < entry.tick) step(tank);
    const command = decodeCommand(entry.kind, entry.payload);
    if (command) apply(tank, command);
  }
  while (tank.tick < tick) step(tank);
  return digest(tank);
}
