import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORD_BYTES } from "../../src/sim/index.ts";
import type { Store } from "../../src/store/journal.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { inboxRow, logRow, outboxRow, rememberedRow, tankRow } from "./rows.ts";

/** What Linux counts of this process (proc(5)); tests elsewhere have nothing to count with. */
const COUNTERS = "/proc/self/io";
const canCount = existsSync(COUNTERS);

/** Bytes that this process has given to the system to write. */
function written(): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(COUNTERS, "utf8"))?.[1]);
}

let folder = "";
let store: Store;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-written-"));
  store = openSqliteStore(join(folder, "tankd.db"));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ROUNDS = 300;
const record = new Uint8Array(RECORD_BYTES).map((_, index) => index * 31);
const idOf = (word: string, round: number) =>
  Bun.hash(`${word} ${round}`).toString(16).padStart(16, "0").repeat(2);

/** A fish leaves and arrives, another comes: the writes of a tank that exchanges fish. */
async function exchange(round: number): Promise<void> {
  const { journal } = store;
  const [out, into] = [idOf("out", round), idOf("in", round)];
  const seq = 2 * round + 1;
  await journal.commit([
    { put: "log", row: { ...logRow("t1", seq), kind: "export", checksum: out } },
    { put: "outbox", row: { ...outboxRow(out, round + 1), record } },
  ]);
  const settled = { state: "delivered", attempts: 1, reason: null, updated_at: 9 } as const;
  const remembered = { put: "remembered", row: rememberedRow("n2", round) } as const;
  await journal.commit([{ update: "outbox", transfer_id: out, ...settled }, remembered]);
  const pair = { source_node_id: "n1", source_tank_id: "t1", destination_tank_id: "t2" };
  await journal.commit([
    { put: "log", row: { ...logRow("t1", seq + 1), kind: "import", payload: record } },
    { put: "inbox", row: { ...inboxRow(into), sequence: round + 1 } },
    { put: "horizon", row: { ...pair, lowest_undecided: round + 1 } },
    remembered,
  ]);
}

test.if(canCount)(
  "a commit of a tank that exchanges fish writes a few pages, watermarks and checkpoints included",
  async () => {
    await store.journal.commit([{ put: "tank", row: tankRow("t1") }]);
    const before = written();
    for (let round = 0; round < ROUNDS; round++) await exchange(round);
    const perCommit = (written() - before) / (3 * ROUNDS);
    // Of which 4,096 are the watermark's page, and a third of a record of 2.9 kB is twice written.
    expect(perCommit).toBeLessThan(16_000);
  },
);
