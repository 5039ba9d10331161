import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../../../src/cli/host.ts";
import { ENGINE_VERSION } from "../../../src/sim/index.ts";
import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import { encodeArchive } from "../../../src/tanks/archive/archive-file.ts";
import { collectArchive } from "../../../src/tanks/archive/collect.ts";
import { promiseOf } from "../../../src/tanks/replay/chronicle.ts";
import { chronicleIn, digestAt, livedPast, rewritten } from "../../tanks/past.ts";
import { runIn } from "../fake-host.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "tankd-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const past = await livedPast({ logRetention: "trim" });
const chronicle = await chronicleIn(past);
const { tick: last } = promiseOf(chronicle);
const first = chronicle.snapshots[0]?.tick ?? 0;
const data = await directoryOf("data", chronicle);

/** A data directory with this past in it. */
async function directoryOf(name: string, { row, entries, snapshots }: typeof chronicle) {
  const path = join(folder, name);
  mkdirSync(path);
  const store = openSqliteStore(join(path, "tankd.db"));
  await store.journal.commit([
    { put: "tank", row },
    ...entries.map((entry) => ({ put: "log", row: entry }) as const),
    ...snapshots.map((snapshot) => ({ put: "snapshot", row: snapshot }) as const),
  ]);
  await store.close();
  for (const { file } of snapshots) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), (await past.bench.host.disk.read(file)) ?? "");
  }
  return path;
}

async function tankd(...words: readonly string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", XDG_STATE_HOME: join(folder, "state") },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

test("a tank of a data directory is replayed by name and compared with all records", async () => {
  const { code, out, err } = await tankd("replay", "pond", "--data-dir", data, "--verify");
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain(digestAt(past, last));
  expect(out).toContain("no difference");
  expect(out).toMatch(/speed +[\d,]+ ticks in/);
});

test("JSON is one object; any tick between commands can be reached", async () => {
  const to = last - 7;
  const words = ["replay", past.row.tank_id, "--data-dir", data, "--to", String(to), "--json"];
  const { code, out } = await tankd(...words);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    tank_id: past.row.tank_id,
    name: "pond",
    to: { tick: to },
    promise: { tick: last },
    digest: digestAt(past, to),
    divergence: null,
    verified: false,
  });
});

test("uncommitted and trimmed ticks fail alike, and name what there is", async () => {
  const range = `available are ticks ${first} to ${last}`;
  for (const [to, why] of [
    [last + 1, "is not committed yet"],
    [first - 1, "is not kept any more"],
  ] as const) {
    const { code, out, err } = await tankd("replay", "pond", "--data-dir", data, "--to", `${to}`);
    expect([code, out, err]).toEqual([1, "", `tankd: tick ${to} ${why}: ${range}\n`]);
  }
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("a replay that %s stops ends with %p", async (signal, exitCode) => {
  const onSignal: Host["onSignal"] = (listener) => {
    listener(signal);
    return () => {};
  };
  const files = { [join(data, "tankd.db")]: "is there" };
  const { code, out, err } = await runIn({ files, onSignal }, "replay", "pond", "--data-dir", data);
  expect([code, out, err]).toEqual([exitCode, "", `tankd: stopped by ${signal}\n`]);
});

test("an archive is replayed wherever it is; a divergence ends with 1 and is named", async () => {
  const maker = { programVersion: "1.2.3", madeAtMs: 0, engineVersion: ENGINE_VERSION };
  const sound = encodeArchive(await collectArchive(chronicle, maker));
  if (sound.kind !== "ok") throw new Error(sound.detail);
  writeFileSync(join(folder, "pond.tank"), sound.bytes);
  // The nearest snapshot is there as a digest only, which is no damage.
  const nearest = await tankd("replay", "pond.tank", "--json");
  expect(JSON.parse(nearest.out).notes).toEqual([]);
  const ran = await tankd("replay", "pond.tank", "--verify", "--json");
  expect(JSON.parse(ran.out).notes).toEqual([]);
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({ digest: digestAt(past, last), verified: true });

  const marked = chronicle.entries.findLast(({ digest }) => digest !== null);
  const wrong = rewritten(chronicle, ({ seq }) =>
    seq === marked?.seq ? { digest: "0".repeat(32) } : {},
  );
  const path = await directoryOf("wrong", wrong);
  const differs = await tankd("replay", "pond", "--data-dir", path, "--verify", "--json");
  expect(differs.code).toBe(1);
  expect(differs.err).toContain(`entry ${marked?.seq}, tick ${marked?.tick}`);
  expect(JSON.parse(differs.out).divergence).toMatchObject({ kind: "mark", seq: marked?.seq });
});

test.each([
  [["replay", "nobody", "--data-dir", data], 1, "there is no tank nobody"],
  [["replay", "no.tank"], 2, "there is no file no.tank"],
  [["replay", "pond", "--url", "http://localhost:1"], 2, "leave --url out"],
  [["replay", "pond", "--data-dir", data, "--to", "x"], 2, "--to cannot be"],
])("%p", async (words, code, sentence) => {
  const ran = await tankd(...words);
  expect([ran.code, ran.out, ran.err]).toEqual([code, "", expect.stringContaining(sentence)]);
});

test("an archive that cannot be written has failed; a file that is there is kept", async () => {
  const words = ["tank", "export", "pond", "--data-dir", data] as const;
  const nowhere = await tankd(...words, "/dev/null/pond.tank");
  expect([nowhere.code, nowhere.err]).toEqual([
    1,
    "tankd: /dev/null/pond.tank cannot be written: a file is in place of a directory (ENOTDIR)\n",
  ]);
  writeFileSync(join(folder, "mine"), "mine");
  expect((await tankd(...words, "mine")).code).toBe(2);
});

test("a file that is none is named with what is wrong with it", async () => {
  writeFileSync(join(folder, "junk.tank"), "junk");
  const { code, err } = await tankd("replay", "junk.tank");
  expect([code, err]).toEqual([1, expect.stringContaining("it does not begin like an archive")]);
});

test("a snapshot's file that is damaged is named, though the replay does without it", async () => {
  const damaged = await directoryOf("damaged", chronicle);
  const newest = chronicle.snapshots.at(-1);
  writeFileSync(join(damaged, newest?.file ?? ""), "rot");
  const { code, out } = await tankd("replay", "pond", "--data-dir", damaged, "--verify");
  expect(code).toBe(0);
  expect(out).toContain(`snapshot at entry ${newest?.seq}, tick ${newest?.tick}, is damaged`);
});

test("a folder is no archive, and that is no bug", async () => {
  const { code, err } = await tankd("replay", `${folder}/`);
  expect(code).toBe(2);
  expect(err).toBe(`tankd: there is no file ${folder}/\n`);
});
