import { realTimers } from "../../src/platform/real/timers.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { logRow } from "./rows.ts";

/** Commits log rows after `from` for ever, and prints each seq once it is acknowledged. */
const store = openSqliteStore(process.argv[2] ?? "");
const clock = { wallMs: () => 0, monotonicMs: () => 0 };
const journal = groupCommit(store.journal, { clock, timers: realTimers, metrics: noMetrics });

async function commit(seq: number): Promise<void> {
  const row = logRow("t1", seq);
  await journal.commit([
    { put: "log", row },
    { put: "meta", key: "last", value: String(seq) },
  ]);
  process.stdout.write(`${seq}\n`);
}

for (let seq = Number(process.argv[3]) + 1; ; seq += 4) {
  await Promise.all([0, 1, 2, 3].map((offset) => commit(seq + offset)));
}
