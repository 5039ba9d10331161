import { expect } from "bun:test";
import { must, until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { timeToFirstFish } from "./first-fish.ts";
import { watched } from "./scenarios.ts";

const TIMEOUT_MS = 240_000;

/** Until fish that have left `from` after this moment have arrived at `to`. */
async function fishGo(from: Node, to: Node): Promise<void> {
  const settled = async () =>
    (await from.transfers()).filter(
      ({ direction, state, destination_node_id: there }) =>
        direction === "out" && state === "delivered" && there === to.nodeId,
    ).length;
  const before = await settled();
  await until(`fish go from ${from.number} to ${to.number}`, PROMPTLY_MS, async () => {
    return (await settled()) > before;
  });
}

function connect(source: Node, from: string, to: string): Promise<unknown> {
  return source.change("POST", "/api/connections", {
    source_tank_id: from,
    destination_tank_id: to,
    probability: 100,
  });
}

labTest(
  "a node that can only dial out is listed, watched and visited, through a takeover and back",
  TIMEOUT_MS,
  async (lab) => {
    const [server, second] = await lab.machines(2);
    if (server === undefined || second === undefined) throw new Error("two were asked for");
    server.start(["--fish", "40"]);
    await server.ready();
    await lab.agree([server]);
    second.start(["--fish", "40"]);
    await second.ready();
    const pi = await lab.machineBehindRouter();
    const router = `${lab.network.nameOf(pi.number)}-router`;
    await must("ip", "netns", "exec", router, "nft", "add table ip wall");
    const chain = "add chain ip wall in { type filter hook input priority 0 ; policy drop ; }";
    await must("ip", "netns", "exec", router, "nft", chain);
    const hubs = `${server.url},${second.url}`;
    await timeToFirstFish("a Pi behind a router", pi, ["--fish", "40", "--hub", hubs]);
    await lab.agree();
    expect(await lab.agree()).toBe(server);

    const piTank = await pi.tankId();
    const secondTank = await second.tankId();
    const listed = (await second.servers()).find(({ node_id }) => node_id === pi.nodeId);
    expect(listed).toMatchObject({ status: "online", reachable: false });

    await until("the Pi has a tunnel", PROMPTLY_MS, () => pi.hasLogged("tunnel open"));
    for (const through of [server, second]) await watched(second, through, piTank);
    await connect(second, secondTank, piTank);
    await connect(pi, piTank, secondTank);
    await Promise.all([fishGo(second, pi), fishGo(pi, second)]);

    await server.crash();
    await lab.agree([second, pi]);
    await Promise.all([fishGo(second, pi), fishGo(pi, second)]);
    await watched(second, second, piTank);

    server.start();
    await server.ready();
    await lab.agree();
    await Promise.all([fishGo(second, pi), fishGo(pi, second)]);
    for (const through of [server, second]) await watched(server, through, piTank);
  },
);
