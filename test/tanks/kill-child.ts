/**
 * A process to be killed: tanks in a worker on a real disk, under a stream of commands.
 * Each acknowledged (tank, seq) goes to stdout.
 */
import { join } from "node:path";
import { DirectoryFiles } from "../../src/platform/real/files.ts";
import { createRealPlatform } from "../../src/platform/real/platform.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import { DATABASE_FILE, openSqliteStore } from "../../src/store/sqlite/store.ts";
import { createTanks } from "../../src/tanks/service.ts";
import { workerSimulation } from "../../src/tanks/worker-host.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics as metrics } from "../../src/telemetry/metrics.ts";

const directory = process.argv[2] ?? "";
const platform = createRealPlatform();
const tanks = createTanks({
  ...platform,
  journal: groupCommit(openSqliteStore(join(directory, DATABASE_FILE)).journal, {
    ...platform,
    metrics,
  }),
  files: new DirectoryFiles(directory),
  log: silentLog,
  metrics,
  tickRate: 300,
  spawnSimulation: () =>
    workerSimulation(new Worker(new URL("../../src/worker.ts", import.meta.url))),
});
await tanks.start();
if (tanks.list().length === 0) {
  for (const name of ["reef", "cave"]) await tanks.create({ name, description: "", fish: 20 });
}
const feed = async (tankId: string) => {
  for (;;) {
    const { seq } = await tanks.submit(tankId, { kind: "feed", portions: 1 });
    process.stdout.write(`${tankId} ${seq}\n`);
  }
};
await Promise.all(tanks.list().map(({ row }) => feed(row.tank_id)));
