import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { LIMITS } from "../../src/platform/limits.ts";
import { ARCHIVE_TYPE } from "../../src/tanks/archive/archive.ts";
import { Sandbox } from "./child.ts";

const tanksSchema = z.object({
  tanks: z.array(z.object({ tank: z.object({ tank_id: z.string(), name: z.string() }) })),
});
const replaySchema = z.object({
  digest: z.string(),
  to: z.object({ seq: z.number(), tick: z.number() }),
  checked: z.object({ entries: z.number(), snapshots: z.number() }),
  divergence: z.null(),
});
const windowSchema = z.object({ from_tick: z.number(), to_tick: z.number() });
const lookSchema = z.object({ tick: z.number(), digest: z.string(), seq: z.number() });

const FLAGS = ["--seed", "5", "--tick-rate", "300"] as const;

async function tankOf(sandbox: Sandbox, directory: string): Promise<string> {
  const body = await sandbox.json("tank", "ls", "--data-dir", sandbox.at(directory));
  return tanksSchema.parse(body).tanks[0]?.tank.tank_id ?? "";
}

async function verified(sandbox: Sandbox, ...words: readonly string[]) {
  return replaySchema.parse(await sandbox.json("replay", ...words, "--verify"));
}

async function got<T>(schema: z.ZodType<T>, url: string): Promise<T> {
  return schema.parse(await (await fetch(url)).json());
}

/** Feeds a tank until told to stop; says how often it was acknowledged. */
function feed(sandbox: Sandbox, url: string, directory: string, tankId: string) {
  const token = readFileSync(`${sandbox.at(directory)}/token`, "utf8").trim();
  let stopped = false;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const going = (async () => {
    let acknowledged = 0;
    while (!stopped) {
      const answer = await fetch(`${url}api/tanks/${tankId}/feed`, {
        method: "POST",
        headers,
        body: '{"portions":1}',
      }).catch(() => undefined);
      if (!answer) break;
      if (answer.ok) acknowledged++;
      await answer.arrayBuffer();
    }
    return acknowledged;
  })();
  return () => {
    stopped = true;
    return going;
  };
}

test("what a killed node had promised is replayed, shown, and continued by the next", async () => {
  using sandbox = new Sandbox();
  const data = ["--data-dir", sandbox.at("data")] as const;
  const node = await sandbox.start("data", ...FLAGS);
  const url = await node.running;
  const id = await tankOf(sandbox, "data");
  const stop = feed(sandbox, url, "data", id);
  await Bun.sleep(1_500);
  await node.end("SIGKILL");
  const acknowledged = await stop();
  const dead = await verified(sandbox, id, ...data);
  expect(dead.to.seq).toBeGreaterThanOrEqual(acknowledged);

  const again = await sandbox.start("data", ...FLAGS);
  const next = await again.running;
  const { to_tick } = await got(windowSchema, `${next}api/tanks/${id}/past`);
  expect(to_tick).toBeGreaterThanOrEqual(dead.to.tick);
  // The same tick, computed by another process, beside the node that runs.
  const look = await got(lookSchema, `${next}api/tanks/${id}/past/${dead.to.tick}`);
  expect(look).toEqual({ tick: dead.to.tick, digest: dead.digest, seq: dead.to.seq });
  const beside = await verified(sandbox, id, ...data);
  expect(beside.to.tick).toBeGreaterThanOrEqual(to_tick);
  expect(await again.end("SIGTERM")).toBe(0);
  // Its last snapshot is what it has lived; the replay from before comes to the same.
  const last = await verified(sandbox, id, ...data);
  expect(last.checked.snapshots).toBeGreaterThan(0);
}, 60_000);

test("a tank goes from one node to another as a file, while it lives", async () => {
  using sandbox = new Sandbox();
  const [left, right] = await Promise.all([
    sandbox.start("left", ...FLAGS),
    sandbox.start("right", "--tanks", "0"),
  ]);
  const id = await tankOf(sandbox, "left");
  const stop = feed(sandbox, await left.running, "left", id);
  await Bun.sleep(300);
  const leftAt = ["--data-dir", sandbox.at("left")] as const;
  const exported = await sandbox.run("tank", "export", id, "pond.tank", ...leftAt);
  expect([exported.code, exported.err]).toEqual([0, ""]);
  expect(exported.out).toMatch(
    /^The archived past reaches back to tick 0: [\d,]+ ticks, \d+ s at 30 a second\.$/m,
  );
  expect(await stop()).toBeGreaterThan(0);
  const twice = await sandbox.run("tank", "export", id, "pond.tank", ...leftAt);
  expect([twice.code, twice.err]).toEqual([2, expect.stringContaining("--force")]);
  const forced = await sandbox.run("tank", "export", id, "pond.tank", "--force", ...leftAt);
  expect(forced.code).toBe(0);
  const file = await verified(sandbox, "pond.tank");

  const rightAt = ["--data-dir", sandbox.at("right")] as const;
  const imported = z
    .object({
      tank: z.object({ tank_id: z.string(), tick: z.number() }),
      forked_from: z.object({ tank_id: z.string(), tick: z.number(), digest: z.string() }),
    })
    .parse(await sandbox.json("tank", "import", "pond.tank", "--tank-name", "lake", ...rightAt));
  expect(imported.forked_from).toEqual({ tank_id: id, tick: file.to.tick, digest: file.digest });
  expect(imported.tank.tank_id).not.toBe(id);
  await right.end("SIGKILL");
  // The first mark and the base agree, and the directory alone is enough to export it again.
  const fork = await verified(sandbox, "lake", ...rightAt);
  expect(fork.to.tick).toBeGreaterThanOrEqual(file.to.tick);
  const offline = await sandbox.run("tank", "export", "lake", ...rightAt);
  expect([offline.code, existsSync(sandbox.at("lake.tank"))]).toEqual([0, true]);
  expect((await verified(sandbox, "lake.tank")).digest).toBe(fork.digest);

  const back = await sandbox.run("tank", "import", "lake.tank", ...leftAt);
  expect([back.code, back.err]).toEqual([0, ""]);
  writeFileSync(sandbox.at("cut.tank"), readFileSync(sandbox.at("pond.tank")).subarray(0, -9));
  const cut = await sandbox.run("tank", "import", "cut.tank", ...leftAt);
  expect([cut.code, cut.err]).toEqual([1, expect.stringContaining("cut off or damaged")]);
  await left.end("SIGTERM");
}, 60_000);

test("only an import may be long, and only with the token", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", "--tanks", "0");
  const url = await node.running;
  const token = readFileSync(`${sandbox.at("data")}/token`, "utf8").trim();
  const post = async (path: string, type: string, bearer: string, bytes: number) => {
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": type },
      body: new Uint8Array(bytes),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const long = 8 * 1024 * 1024;
  expect(await post("api/tanks/import", ARCHIVE_TYPE, token, long)).toBe(422);
  expect(await post("api/tanks/import", ARCHIVE_TYPE, token, LIMITS.archiveBytesMax + 1)).toBe(413);
  expect(await post("api/tanks/import", ARCHIVE_TYPE, "wrong".repeat(8), long)).toBe(401);
  expect(await post("api/tanks", "application/json", token, long)).toBe(413);
  expect(await post("nowhere", "application/json", token, long)).toBe(404);
  await node.end("SIGTERM");
}, 60_000);

test("killed in the middle of an import, a node has the whole tank or none of it", async () => {
  using sandbox = new Sandbox();
  const source = await sandbox.start("source", "--seed", "9", "--tick-rate", "0");
  const from = ["--data-dir", sandbox.at("source")] as const;
  await Bun.sleep(300);
  const exported = await sandbox.run(
    "tank",
    "export",
    await tankOf(sandbox, "source"),
    "a.tank",
    ...from,
  );
  expect(exported.code).toBe(0);
  await source.end("SIGKILL");
  const archive = readFileSync(sandbox.at("a.tank"));

  const seen = { whole: 0, none: 0 };
  for (let round = 0; round < 6; round++) {
    const node = await sandbox.start("data", "--tanks", "0");
    const url = await node.running;
    const token = readFileSync(`${sandbox.at("data")}/token`, "utf8").trim();
    const before = await namesIn(url);
    const asked = fetch(`${url}api/tanks/import?name=round-${round}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": ARCHIVE_TYPE },
      body: archive,
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    // From the first byte to well after the answer.
    await Promise.race([Bun.sleep(round * 60), asked.then(() => Bun.sleep(5))]);
    await node.end("SIGKILL");
    const status = await asked;
    const again = await sandbox.start("data", "--tanks", "0");
    const after = await namesIn(await again.running);
    const there = after.includes(`round-${round}`);
    if (status === 201) expect(there).toBe(true);
    expect(after).toEqual(there ? [...before, `round-${round}`] : before);
    seen[there ? "whole" : "none"]++;
    expect(await again.end("SIGTERM")).toBe(0);
    const folders = existsSync(sandbox.at("data/snapshots"))
      ? readdirSync(sandbox.at("data/snapshots"))
      : [];
    expect(folders.length).toBe(after.length);
  }
  expect(seen.whole + seen.none).toBe(6);
}, 90_000);

async function namesIn(url: string): Promise<readonly string[]> {
  const { tanks } = await got(tanksSchema, `${url}api/tanks`);
  return tanks.map(({ tank }) => tank.name);
}
