/** A node is started beside one that runs: how long until they have met, and a fish travelled. */
import { rmSync } from "node:fs";
import { z } from "zod";
import { until } from "../../test/support/commands.ts";
import type { Node } from "../../test/support/node.ts";
import type { Flags } from "./backends.ts";
import type { World } from "./world.ts";

/** Milliseconds from the exec of the second node. */
export interface Join {
  /** One of the two has become the other's worker. */
  readonly peerMs: number;
  /** The second has its first role, whatever that is. */
  readonly roleMs: number;
  readonly firstRole: string;
  /** A fish of either has arrived at the other; undefined where nobody waited for it. */
  readonly fishMs: number | undefined;
}

/** Until the first node has told everybody of its role: Serf takes up to three seconds for that. */
const SETTLE_MS = 5_000;
const GIVE_UP_MS = 120_000;
const LOOK_MS = 20;
const FISH_LOOK_MS = 100;
/** More than a start logs. */
const LOG_LINES = 400;
const ENVIRONMENT = { LOG_LEVEL: "info", LOG_FORMAT: "json", LOG_TIME: "rfc3339ms" };

/** Both nodes are new, and gone afterwards. */
export async function measureJoin(
  world: World,
  flags: Flags,
  awaits: "peer" | "fish",
): Promise<Join> {
  const { first, second } = world;
  await startHub(world, flags, []);
  await Bun.sleep(SETTLE_MS);
  const startedMs = start(second, flags(second, first));
  const fish = awaits === "fish" ? await timeToFish(world) : undefined;
  const peerMs = (await untilJoined(world, startedMs)) - startedMs;
  const [role] = rolesSince(second, startedMs);
  if (role === undefined) throw new Error("the second node has no role");
  for (const node of [second, first]) await node.stop();
  const fishMs = fish === undefined ? undefined : fish - startedMs;
  return { peerMs, roleMs: role.atMs - startedMs, firstRole: role.role, fishMs };
}

/** Two nodes without fish that have found each other. */
export async function startPair(world: World, flags: Flags): Promise<void> {
  const { first, second } = world;
  const options = ["--tanks", "0"];
  await startHub(world, flags, options);
  await untilJoined(world, start(second, [...flags(second, first), ...options]));
}

const backendsSchema = z.object({
  backends: z.array(z.object({ name: z.string(), state: z.string() })),
});

/** Starts a pair to see that what was set up works for both: a backend that fails costs no time. */
export async function proveWorking(
  world: World,
  flags: Flags,
  names: readonly string[],
): Promise<void> {
  await startPair(world, flags);
  for (const node of [world.first, world.second]) {
    await until(`${names.join(", ")} work`, GIVE_UP_MS, async () => {
      const { backends } = await node.cliJson(backendsSchema, "status");
      const working = backends.filter(({ state }) => state === "running").map(({ name }) => name);
      return names.every((name) => working.includes(name));
    });
    await node.stop();
  }
}

async function startHub(
  { first, second }: World,
  flags: Flags,
  options: readonly string[],
): Promise<void> {
  const startedMs = start(first, [...flags(first, second), ...options]);
  await until("the first node has a role", GIVE_UP_MS, async () => {
    return rolesSince(first, startedMs).length > 0;
  });
}

/** The wall clock, which the log tells, before the exec of a node that knows nothing. */
function start(node: Node, options: readonly string[]): number {
  rmSync(node.dataDirectory, { recursive: true, force: true });
  const startedMs = Date.now();
  node.start(options, ENVIRONMENT);
  return startedMs;
}

/** By the wall clock. The list is asked once, afterwards: asking is work for the node. */
async function untilJoined({ first, second }: World, startedMs: number): Promise<number> {
  const atMs = await poll("one follows the other", LOOK_MS, async () => {
    const roles = [first, second].flatMap((node) => rolesSince(node, startedMs));
    return roles.find(({ role }) => role === "worker")?.atMs;
  });
  await poll("each lists the other", LOOK_MS, async () => {
    const lists = await Promise.all([first.servers(), second.servers()]);
    return lists.every((list) => list.filter(({ status }) => status === "online").length === 2);
  });
  return atMs;
}

function timeToFish({ first, second }: World): Promise<number> {
  return poll("a fish arrives", FISH_LOOK_MS, async () => {
    for (const node of [first, second]) {
      const transfers = await node.transfers();
      if (transfers.some(({ state }) => state === "delivered")) return Date.now();
    }
    return undefined;
  });
}

async function poll<T>(
  what: string,
  everyMs: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const endMs = performance.now() + GIVE_UP_MS;
  while (performance.now() < endMs) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && answer !== false) return answer;
    await Bun.sleep(everyMs);
  }
  throw new Error(`not within ${GIVE_UP_MS / 1000} s: ${what}`);
}

const ROLE = /"msg":"role (?:decided|changed)"/;
const roleSchema = z.object({ time: z.string(), role: z.string() });

/** The roles that a node has logged, with the time of each. */
function rolesSince(
  node: Node,
  sinceMs: number,
): readonly { readonly role: string; readonly atMs: number }[] {
  return node
    .logTail(LOG_LINES)
    .split("\n")
    .filter((line) => ROLE.test(line))
    .map((line) => roleSchema.parse(JSON.parse(line)))
    .map(({ role, time }) => ({ role, atMs: Date.parse(time) }))
    .filter(({ role, atMs }) => role !== "discovering" && atMs >= sinceMs);
}
