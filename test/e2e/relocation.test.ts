import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { createdTankSchema } from "../../src/api/created-tank.ts";
import { auditSchema } from "../../src/audit/audit.ts";
import { fishSchema, tanksSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { noticeLoss, watched } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const QUIET = ["--no-auto-connect", "--profile", "development"];

/** Three machines under one secret, each with one tank named after it. */
async function members(lab: Lab): Promise<readonly Node[]> {
  const nodes = await lab.machines(3);
  for (const node of nodes) startMember(node);
  for (const node of nodes) await node.ready();
  await lab.agree();
  return nodes;
}

function startMember(node: Node): void {
  const secret = `${node.dataDirectory}.secret`;
  writeFileSync(secret, "a secret of this test, long enough", { mode: 0o600 });
  node.start([...QUIET, "--name", nameOf(node), "--secret-file", secret]);
}

function nameOf(node: Node): string {
  return `host-${node.number}`;
}

async function tanksOf(node: Node): Promise<readonly string[]> {
  const { tanks } = await node.get("/api/tanks", tanksSchema);
  return tanks.map(({ tank }) => tank.name).toSorted();
}

async function said(node: Node, ...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.cli(...words);
  if (exitCode !== 0) throw new Error(`tankd ${words.join(" ")}: ${exitCode}: ${stderr}`);
  return stdout;
}

async function refused(node: Node, ...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.cli(...words);
  expect([words, exitCode, stdout]).toEqual([words, 1, ""]);
  return stderr;
}

async function fishIn(node: Node, tankId: string): Promise<readonly string[]> {
  const { fish } = await node.get(`/gateway/api/tanks/${tankId}/fish`, fishSchema);
  return fish.map(({ fish_id }) => fish_id);
}

/** The code and the reason with which a viewer at this node is sent away. */
async function closingOf(node: Node, tankId: string): Promise<string> {
  const script =
    `const socket = new WebSocket("ws://127.0.0.1:8000/ws/${tankId}");` +
    "socket.onclose = ({ code, reason }) => console.log(code, reason);";
  const { stdout } = await node.exec([process.execPath, "-e", script], "/");
  return stdout.trim();
}

async function auditIsFine(node: Node): Promise<void> {
  await until("the audit is fine", PROMPTLY_MS, async () => {
    const { stdout } = await node.cli("audit", "--json");
    const { ok, missing, double } = auditSchema.parse(JSON.parse(stdout));
    expect([missing, double]).toEqual([[], []]);
    return ok;
  });
}

const movedProblem = z.object({ type: z.string(), detail: z.string(), server_id: z.string() });

labTest("tanks are placed, moved and drained under a secret", TIMEOUT_MS, async (lab) => {
  const [first, second, third] = await members(lab);
  if (!first || !second || !third) throw new Error("three machines");

  // Placement: six more, which spread, whoever is asked.
  for (let number = 0; number < 6; number++) {
    const made = await first.cliJson(
      createdTankSchema,
      ...["tank", "create", "--tank-name", `reef-${number}`, "--server", "auto"],
    );
    expect(made.placement?.reason).toContain("least loaded of 3");
  }
  for (const node of [first, second, third]) expect(await tanksOf(node)).toHaveLength(3);
  expect(await refused(first, "tank", "create", "--server", "nobody")).toContain(
    "no server nobody",
  );
  expect(await refused(first, "tank", "create", "--region", "mars")).toContain("is in no region");
  const there = await said(first, "tank", "create", "--tank-name", "x", "--server", "host-3");
  expect(there).toContain("on host-3: as asked");

  // A tank of another node, moved by this one.
  const { tanks } = await second.get("/api/tanks", tanksSchema);
  const reef = tanks.find(({ tank }) => tank.name.startsWith("reef-"))?.tank;
  if (reef === undefined) throw new Error("no reef");
  expect(await said(first, "tank", "pause", `host-2::${reef.name}`)).toContain("Paused");
  const before = await fishIn(second, reef.tank_id);
  const watching = closingOf(first, reef.tank_id);
  const moved = await said(first, "tank", "move", `host-2::${reef.name}`, "host-3");
  expect(moved).toContain(`Moved host-2::${reef.name} to host-3`);
  expect(await tanksOf(third)).toContain(reef.name);
  expect(await fishIn(third, reef.tank_id)).toEqual(before);
  // Its former owner says where it is, and everybody's gateway follows at once.
  const answer = await second.api.fetch("GET", `/api/tanks/${reef.tank_id}`);
  const problem = movedProblem.parse(await answer.json());
  expect([answer.status, problem.server_id]).toEqual([409, "host-3"]);
  for (const node of [first, second]) expect(await fishIn(node, reef.tank_id)).toEqual(before);
  // Whoever watched it was told, through another node too, and goes on at the same address.
  expect(await watching).toBe("4301 the tank has moved to host-3");
  await said(third, "tank", "resume", reef.name);
  await watched(second, second, reef.tank_id);
  for (const words of [
    ["tank", "move", "host-1", "host-1"],
    ["tank", "move", "host-1", "nobody"],
    ["tank", "move", "nothing", "host-2"],
  ]) {
    await refused(first, ...words);
  }

  // A connection from a tank of another node.
  const connected = await said(first, "connect", `host-3::${reef.name}`, "host-1::host-1");
  expect(connected).toContain("now migrate to host-1::host-1 on host-1");
  expect(await said(third, "connections")).toContain(reef.name);

  // One fish of another node to a third one.
  const fish = (await fishIn(second, await second.tankId()))[0] ?? "";
  expect(await said(first, "transfer", fish, "host-3::host-3")).toContain(`${fish} is in`);
  await until("the fish is there", PROMPTLY_MS, async () =>
    (await fishIn(third, await third.tankId())).includes(fish),
  );
  expect(await refused(first, "transfer", "no-such-fish", "host-3::host-3")).toContain(
    "no tank has",
  );
  await auditIsFine(first);

  // The first machine is drained, and dies in the middle of it.
  await said(first, "drain", "--no-wait");
  await first.crash();
  startMember(first);
  await first.ready();
  await until(
    "the drain has gone on",
    PROMPTLY_MS,
    async () => (await tanksOf(first)).length === 0,
  );
  expect(await said(first, "drain")).toContain("This node hosts no tanks");
  expect(await refused(first, "tank", "create")).toContain("it is being drained");
  expect(await said(first, "drain", "--cancel")).toContain("Ended the drain");
  await said(first, "tank", "create", "--fish", "0");
  await auditIsFine(second);
  await until("nothing is lost", PROMPTLY_MS, async () => {
    const all = await Promise.all([first, second, third].map(tanksOf));
    return all.flat().length === 11;
  });

  // Nobody is left to take the tanks.
  for (const node of [third, first]) {
    await node.crash();
    await noticeLoss([second], node);
  }
  expect(await refused(second, "drain")).toMatch(/has nowhere to go|no server can take the tank/);
  expect((await tanksOf(second)).length).toBeGreaterThan(0);
});

labTest("without a secret no node is ordered about", TIMEOUT_MS, async (lab) => {
  const nodes = await lab.machines(2);
  const [first, second] = nodes;
  if (!first || !second) throw new Error("two machines");
  for (const node of nodes) node.start([...QUIET, "--name", nameOf(node)]);
  for (const node of nodes) await node.ready();
  await lab.agree();
  for (const words of [
    ["tank", "create", "--server", "host-2"],
    ["tank", "move", "host-1", "host-2"],
    ["drain"],
  ]) {
    expect(await refused(first, ...words)).toContain("secret");
  }
  const made = await said(first, "tank", "create", "--server", "auto");
  expect(made).toContain("on host-1: the only server that fits; host-2 takes orders only under");
  expect([await tanksOf(first), await tanksOf(second)]).toEqual([["host-1", "tank-2"], ["host-2"]]);
});
