import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { z } from "zod";
import { tankViewSchema } from "../../src/api/tank-view.ts";
import { aliveBy } from "../../src/audit/ledger.ts";
import { Sandbox } from "./child.ts";

const tanksSchema = z.object({ tanks: z.array(tankViewSchema), count: z.number() });

async function tanksOf(sandbox: Sandbox, directory: string) {
  const body = await sandbox.json("tank", "ls", "--data-dir", sandbox.at(directory));
  return tanksSchema.parse(body).tanks;
}

/** Every fish that ever was is accounted for. */
function accounted({ fish_count, ledger }: z.infer<typeof tankViewSchema>): boolean {
  return fish_count === aliveBy(ledger);
}

test("a node starts, is asked, stops, and comes back as the same with its tanks", async () => {
  using sandbox = new Sandbox();
  const flags = ["--name", "left", "--tanks", "2", "--fish", "10", "--seed", "5"];
  const node = await sandbox.start("data", ...flags);
  const status = z
    .object({ server_id: z.string(), node_id: z.string() })
    .parse(await sandbox.json("status", "--data-dir", sandbox.at("data")));
  expect(status.server_id).toBe("left");
  const before = await tanksOf(sandbox, "data");
  expect(before.map((tank) => [tank.tank.name, tank.seed, tank.founders])).toEqual([
    ["left-1", 5, 10],
    ["left-2", 6, 10],
  ]);

  const stopped = await sandbox.run("stop", "--data-dir", sandbox.at("data"));
  expect([stopped.code, stopped.err]).toEqual([0, ""]);
  expect((await node.ended).exitCode).toBe(0);
  expect((await sandbox.run("status", "--data-dir", sandbox.at("data"))).code).toBe(3);

  // What the first start was told about tanks is no longer asked.
  const again = await sandbox.start("data", "--tanks", "5");
  const after = await tanksOf(sandbox, "data");
  expect(after.map(({ tank }) => tank.tank_id)).toEqual(before.map(({ tank }) => tank.tank_id));
  for (const [index, tank] of after.entries()) {
    expect(tank.tank.tick).toBeGreaterThanOrEqual(before[index]?.tank.tick ?? 0);
    expect(accounted(tank)).toBe(true);
  }
  const restarted = await sandbox.json("status", "--data-dir", sandbox.at("data"));
  expect(restarted).toMatchObject({ node_id: status.node_id, server_id: "left" });
  expect(await again.end("SIGINT")).toBe(0);
});

test("kill -9: what was acknowledged is there again", async () => {
  using sandbox = new Sandbox();
  const at = ["--data-dir", sandbox.at("data")];
  const node = await sandbox.start("data", "--fish", "5");
  const made = tankViewSchema.parse(
    await sandbox.json("tank", "create", "--tank-name", "second", "--fish", "7", ...at),
  );
  expect(await node.end("SIGKILL")).not.toBe(0);
  expect((await sandbox.run("status", ...at)).code).toBe(3);

  await sandbox.start("data");
  const tanks = await tanksOf(sandbox, "data");
  expect(tanks).toHaveLength(2);
  const second = tanks.find(({ tank }) => tank.tank_id === made.tank.tank_id);
  expect([second?.tank.name, second?.founders]).toEqual(["second", 7]);
  expect(tanks.every(accounted)).toBe(true);
});

test("what a node keeps is readable by those who should", async () => {
  using sandbox = new Sandbox();
  await sandbox.start("data", "--tanks", "0");
  const mode = (name: string) => statSync(sandbox.at(`data/${name}`)).mode & 0o777;
  expect([mode("token"), mode("key"), mode("node.json")]).toEqual([0o600, 0o600, 0o644]);
});

test("a second node on one directory, and on a port that was asked for, is refused", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", "--tanks", "0");
  const port = new URL(await node.running).port;
  const common = ["--discovery", "none"];
  for (const detach of [[], ["-d"]]) {
    const second = await sandbox.run(
      "start",
      ...detach,
      "--data-dir",
      sandbox.at("data"),
      ...common,
    );
    expect([second.code, second.out]).toEqual([1, ""]);
    expect(second.err).toMatch(/^tankd: another node \(pid \d+\) runs on .*data: .*--data-dir\n$/);
    const taken = ["--data-dir", sandbox.at("other"), "--port", port];
    const third = await sandbox.run("start", ...detach, ...taken, ...common);
    expect([third.code, third.out]).toEqual([1, ""]);
    expect(third.err).toMatch(new RegExp(`^tankd: Port ${port} .*taken.*--port\n$`));
  }
  expect(node.isRunning).toBe(true);
});

test("a directory that is somebody else's, or none, is refused and left alone", async () => {
  using sandbox = new Sandbox();
  mkdirSync(sandbox.at("photos"));
  writeFileSync(sandbox.at("photos/cat.jpg"), "meow");
  for (const directory of ["photos", "photos/cat.jpg", "photos/cat.jpg/below"]) {
    for (const detach of [[], ["-d"]]) {
      const ran = await sandbox.run("start", ...detach, "--data-dir", sandbox.at(directory));
      expect([ran.code, ran.out]).toEqual([1, ""]);
      expect(ran.err).toMatch(/^tankd: .*photos.*\n$/);
      expect(ran.err.trimEnd()).not.toContain("\n");
    }
  }
  expect(await Bun.$`ls ${sandbox.at("photos")}`.text()).toBe("cat.jpg\n");
});

test("start -d returns when the node is healthy, and logs to its directory", async () => {
  using sandbox = new Sandbox();
  const at = ["--data-dir", sandbox.at("data")];
  const options = ["--port", "0", "--discovery", "none", "--interfaces", "nope0"];
  const started = z
    .object({ url: z.string(), pid: z.number(), log: z.string() })
    .parse(await sandbox.json("start", "-d", ...at, ...options));
  const health = await fetch(`${started.url}/health`);
  expect(await health.json()).toMatchObject({ status: "healthy" });
  const logs = await sandbox.run("logs", ...at);
  expect(logs.out).toContain('"msg":"node healthy"');
  expect(logs.out).toContain('"msg":"no interface matches","interfaces":"nope0"');
  for (const line of logs.out.trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
  const stopped = await sandbox.run("stop", ...at);
  expect([stopped.code, stopped.out]).toEqual([
    0,
    `Stopped the node of ${sandbox.at("data")} (pid ${started.pid}).\n`,
  ]);
});

test("the first node of a user is found without a flag", async () => {
  using sandbox = new Sandbox();
  await sandbox.json("start", "-d", "--port", "0", "--discovery", "none");
  expect((await sandbox.run("status")).code).toBe(0);
  expect((await sandbox.run("stop")).code).toBe(0);
  expect((await sandbox.run("stop")).code).toBe(3);
});

test("another user's view: without the token a change is refused with what to do", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data", "--tanks", "0");
  const url = (await node.running).replace(/\/$/, "");
  const ran = await sandbox.run("tank", "create", "--tank-name", "x", "--url", url);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/^tankd: .*set TANKD_TOKEN or give --token-file\n$/);
  const token = ["--token-file", sandbox.at("data/token")];
  expect(
    (await sandbox.run("tank", "create", "--tank-name", "x", "--url", url, ...token)).code,
  ).toBe(0);
});

test("a change of role runs the command of tankd.toml with what has changed", async () => {
  using sandbox = new Sandbox();
  const told = sandbox.at("told");
  mkfifo(told);
  const command = `echo "$TANKD_ROLE $TANKD_HUB_URL" > ${told}`;
  writeFileSync(sandbox.at("tankd.toml"), `on_role_change = '${command}'\n`, { mode: 0o644 });
  const options = ["--tanks", "0", "--advertise", "127.0.0.1:9"];
  const node = await sandbox.start("data", ...options, "--config", sandbox.at("tankd.toml"));
  expect(await Bun.file(told).text()).toBe("hub http://127.0.0.1:9\n");
  expect(await node.end("SIGTERM")).toBe(0);
});

test.each([
  [0o666, "every user of this machine"],
  [0o664, "a whole group of users"],
])("a command in a tankd.toml of mode %o is refused", async (mode, who) => {
  using sandbox = new Sandbox();
  writeFileSync(sandbox.at("tankd.toml"), "on_role_change = 'touch hacked'\n");
  chmodSync(sandbox.at("tankd.toml"), mode);
  const ran = await sandbox.run("start", "--config", "tankd.toml", "--port", "0");
  expect([ran.code, ran.out]).toEqual([2, ""]);
  expect(ran.err).toContain(who);
  expect(ran.err.trimEnd()).not.toContain("\n");
});

test.if(process.getuid?.() === 0)("a command in another user's tankd.toml is refused", async () => {
  using sandbox = new Sandbox();
  writeFileSync(sandbox.at("tankd.toml"), "on_role_change = 'touch hacked'\n");
  chownSync(sandbox.at("tankd.toml"), 65_534, 65_534);
  const ran = await sandbox.run("start", "--config", "tankd.toml", "--port", "0");
  expect([ran.code, ran.err.includes("another user")]).toEqual([2, true]);
});

test.each([
  ["thrown", 'setTimeout(() => { throw new Error("boom"); })'],
  ["rejected", 'void Promise.reject(new Error("boom"))'],
])(
  "an error that nobody caught (%s) ends the node, says so, and loses nothing",
  async (_, fail) => {
    using sandbox = new Sandbox(`process.on("SIGUSR2", () => { ${fail}; });`);
    const node = await sandbox.start("data", "--fish", "5");
    const before = await tanksOf(sandbox, "data");
    node.signal("SIGUSR2");
    expect((await node.ended).exitCode).toBe(1);
    const said = await node.err;
    expect(said).toContain("tankd: a bug in tankd: boom\n");
    expect(said).toContain('"level":"error","msg":"uncaught error"');
    expect(existsSync(sandbox.at("data/node.json"))).toBe(false);
    await sandbox.start("data");
    const after = await tanksOf(sandbox, "data");
    expect(after.map(({ tank }) => tank.tank_id)).toEqual(before.map(({ tank }) => tank.tank_id));
    expect(after.every(accounted)).toBe(true);
  },
);

test("a second signal does not wait", async () => {
  using sandbox = new Sandbox();
  const node = await sandbox.start("data");
  node.signal("SIGTERM");
  node.signal("SIGINT");
  // Either the stop was faster (0) or the second signal ended it (1); nothing is lost both ways.
  expect((await node.ended).exitCode).toBeOneOf([0, 1]);
  await sandbox.start("data");
  expect(await tanksOf(sandbox, "data")).toHaveLength(1);
});

test.each(["lock", "token", "node.json", "tankd.db"])(
  "a signal in the middle of a start, when there is %s, ends it: exit 0, and the next completes it",
  async (sign) => {
    using sandbox = new Sandbox();
    const flags = ["--tanks", "30", "--fish", "20"];
    const node = sandbox.begin("data", ...flags);
    await sandbox.appeared(`data/${sign}`);
    expect(await node.end("SIGTERM")).toBe(0);
    expect(await node.err).not.toContain("tankd: ");
    expect(existsSync(sandbox.at("data/node.json"))).toBe(false);
    await sandbox.start("data", ...flags);
    const tanks = await tanksOf(sandbox, "data");
    expect(tanks).toHaveLength(30);
    expect(tanks.every(accounted)).toBe(true);
  },
);

test("a signal ends a detached start with its node", async () => {
  using sandbox = new Sandbox();
  const parent = sandbox.begin("data", "-d", "--tanks", "30");
  await sandbox.appeared("data/node.json");
  const pid = Number(readFileSync(sandbox.at("data/pid"), "utf8"));
  expect(await parent.end("SIGINT")).toBe(0);
  expect(existsSync(sandbox.at("data/node.json"))).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow();
});

test("a start says what it brought back", async () => {
  using sandbox = new Sandbox();
  const at = ["--data-dir", sandbox.at("data"), "--port", "0", "--discovery", "none"];
  const first = await sandbox.run("start", "-d", ...at, "--tanks", "2", "--fish", "5");
  expect(first.out).toContain("\nCreated 2 tanks.\n");
  await sandbox.run("stop", ...at.slice(0, 2));
  const second = await sandbox.json("start", "-d", ...at);
  expect(second).toMatchObject({
    recovery: { tanks: 2, recovered: 2, from_snapshots: 2, replayed_ticks: 0, stopped: [] },
  });
  await sandbox.run("stop", ...at.slice(0, 2));
  const third = await sandbox.run("start", "-d", ...at);
  expect(third.out).toMatch(/\nRecovered 2 tanks in \d+ ms \(2 from snapshots, 0 commands/);
  await sandbox.run("stop", ...at.slice(0, 2));
});

function mkfifo(path: string): void {
  const made = Bun.spawnSync(["mkfifo", path]);
  if (made.exitCode !== 0) throw new Error("mkfifo failed");
}
