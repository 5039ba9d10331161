import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { logRow, tankRow } from "./rows.ts";

const KILLS = 8;

/**
 * Lets a child commit until it has acknowledged some rows, kills it, and returns the last one
 * heard.
 */
async function commitUntilKilled(path: string, from: number, rows: number): Promise<number> {
  const script = join(import.meta.dir, "commit-stream.ts");
  const child = Bun.spawn([process.execPath, script, path, String(from)], { stdout: "pipe" });
  const decoder = new TextDecoder();
  let text = "";
  let killed = false;
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (!killed && text.split("\n").length > rows) {
      child.kill("SIGKILL");
      killed = true;
    }
  }
  await child.exited;
  const whole = text.slice(0, text.lastIndexOf("\n"));
  return Number(whole.split("\n").at(-1));
}

test(`after kill -9 ${KILLS} times every acknowledged row is there, without a gap`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "tankd-kill-"));
  const path = join(folder, "tankd.db");
  const first = openSqliteStore(path);
  await first.journal.commit([{ put: "tank", row: tankRow("t1") }]);
  await first.close();
  let last = 0;
  for (let turn = 0; turn < KILLS; turn++) {
    const acknowledged = await commitUntilKilled(path, last, 20 + 37 * turn);
    const store = openSqliteStore(path);
    const rows = await store.journal.log("t1", 0);
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(last);
    expect(rows).toEqual(rows.map((_, index) => logRow("t1", index + 1)));
    expect(await store.journal.meta("last")).toBe(String(rows.length));
    await store.close();
    last = rows.length;
  }
  await rm(folder, { recursive: true });
});
