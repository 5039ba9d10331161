import { expect } from "bun:test";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { timeToFirstFish } from "./first-fish.ts";

export const HIERARCHY_TIMEOUT_MS = 240_000;
const ENDPOINT = join(import.meta.dir, "../support/endpoint.ts");
export const PLACES = ["local", "regional", "global"] as const;
export type Place = (typeof PLACES)[number];

/**
 * So few fish, that live so slowly, that no tank is full when the laptops come: at its usual pace
 * one with ten founders is near its cap after 50 s, and a fish that was refused rests for 30 s.
 */
const FEW_FISH = ["--fish", "10", "--tick-rate", "5"];

/** Three servers that know each other, as a company has them; a laptop is given all their URLs. */
async function company(lab: Lab): Promise<readonly Node[]> {
  const servers = await lab.machines(PLACES.length);
  const urls = servers.map(({ url }) => url).join(",");
  for (const server of servers) {
    server.start(["--discovery", "hub", "--hub", urls, "--no-auto-connect", ...FEW_FISH]);
  }
  for (const server of servers) await server.ready();
  await lab.agree(servers);
  return servers;
}

/** A laptop that was given the URLs in order takes part although this endpoint is of no use. */
async function laptopJoins(lab: Lab, servers: readonly Node[], broken: Node, what: string) {
  const laptop = await lab.machine();
  const urls = servers.map(({ url }) => url).join(",");
  await timeToFirstFish(what, laptop, ["--discovery", "hub", "--hub", urls]);
  const working = servers.filter((server) => server !== broken);
  await lab.agree([...working, laptop]);
  await laptop.stop();
}

/** The server is gone, and something else answers at its address until `run` has ended. */
async function replaced(
  lab: Lab,
  server: Node,
  words: readonly string[],
  run: () => Promise<void>,
): Promise<void> {
  const program: Subprocess = lab.run(server, [process.execPath, ENDPOINT, ...words]);
  try {
    await until("it listens", PROMPTLY_MS, async () => {
      const { exitCode } = await server.exec(["ss", "-ltnH", "sport = :8000"], "/");
      return exitCode === 0;
    });
    await run();
  } finally {
    program.kill("SIGKILL");
    await program.exited;
  }
}

/** Whatever becomes of the endpoint at this place, a laptop joins and its fish travel. */
export async function keepsNobodyOut(lab: Lab, place: Place): Promise<void> {
  const servers = await company(lab);
  const at = PLACES.indexOf(place);
  const broken = servers[at];
  const other = servers[(at + 1) % servers.length];
  if (!broken || !other) throw new Error("three servers were asked for");
  await broken.crash();
  const rest = servers.filter((server) => server !== broken);
  await lab.agree(rest);
  await laptopJoins(lab, servers, broken, `${place} dead`);
  await replaced(lab, broken, ["slow", other.authority], () =>
    laptopJoins(lab, servers, broken, `${place} slow`),
  );
  await replaced(lab, broken, ["lying"], () => laptopJoins(lab, servers, broken, `${place} lying`));
  expect(rest.every(({ isRunning }) => isRunning)).toBe(true);
}
