import { describe, expect } from "bun:test";
import type { SerfDeps } from "../../../src/adapters/serf/backend.ts";
import type { Announcement } from "../../../src/discovery/backend.ts";
import { until } from "../../support/commands.ts";
import { type Agents, type RealAgent, serfTest, WAIT_MS } from "./agents.ts";
import { Seeker } from "./seeker.ts";

/** A node beside an agent; both end with the test. */
async function beside(
  agents: Agents,
  agent: RealAgent,
  nodeId: string,
  deps: Partial<SerfDeps> = {},
  part: Partial<Announcement> = {},
): Promise<Seeker> {
  const seeker = new Seeker(nodeId, { rpc: agent.rpc, ...deps }, part);
  agents.atEnd(() => seeker.backend.stop());
  await seeker.start();
  return seeker;
}

const ours = (tags: Readonly<Record<string, string>>) =>
  Object.keys(tags).filter((key) => key.startsWith("tankd_"));

describe("nodes beside Serf agents", () => {
  serfTest("find each other, by tags that leave with them", async (agents) => {
    const [a, b] = [await agents.start("a", { tags: { role: "web" } }), await agents.start("b")];
    await b.join(a);
    const left = await beside(agents, a, "left");
    const right = await beside(
      agents,
      b,
      "right",
      {},
      { addresses: [{ host: "10.0.0.2", port: 9000 }] },
    );
    expect(await left.hears("right")).toEqual({
      backend: "serf",
      addresses: [{ host: "10.0.0.2", port: 9000 }],
      nodeId: "right",
      cluster: "tankd",
      role: "discovering",
      priority: 100,
      bootId: "b0071d",
      source: "127.0.0.1",
    });
    await right.hears("left");
    await left.says(new RegExp(`^1 other node by the agent at 127.0.0.1:${a.rpc.port}$`));
    expect(left.backend.isWorking()).toBe(true);
    expect(await b.tagsOf("a")).toMatchObject({ role: "web", tankd_id: "left" });
    await left.backend.stop();
    await until("the tags are gone", WAIT_MS, async () => ours(await b.tagsOf("a")).length === 0);
    expect(await b.tagsOf("a")).toEqual({ role: "web" });
    await right.says(/^0 other nodes/);
    expect(left.heard.concat(right.heard).map((one) => one.nodeId)).not.toContain("web");
  });

  serfTest("tell a change of role, and nothing when nothing has changed", async (agents) => {
    const [a, b] = await agents.cluster("a", "b");
    if (!a || !b) throw new Error("two agents");
    const left = await beside(agents, a, "left");
    const right = await beside(agents, b, "right");
    await left.hears("right");
    right.become("hub");
    await left.hears("right", ({ role }) => role === "hub");
    await until("it is told", WAIT_MS, async () => (await b.tagsOf("b"))["tankd_role"] === "hub");
    const told = left.heard.length;
    right.become("hub");
    left.backend.refresh();
    // Once more because it was asked for.
    await until("it is nominated again", WAIT_MS, async () => left.heard.length > told);
    expect(left.heard.slice(told).map(({ nodeId }) => nodeId)).toEqual(["right"]);
    await a.setTag("dc", "east");
    await until("the tag is seen", WAIT_MS, async () => (await b.tagsOf("a"))["dc"] === "east");
    await until(
      "and ours with it",
      WAIT_MS,
      async () => (await b.tagsOf("a"))["tankd_id"] === "left",
    );
  });

  serfTest("ignore other clusters, and an announcement of nothing", async (agents) => {
    const [a, b, c, d] = await agents.cluster("a", "b", "c", "d");
    if (!a || !b || !c || !d) throw new Error("four agents");
    const left = await beside(agents, a, "left", {}, { cluster: "tank.d" });
    await beside(agents, b, "reef", {}, { cluster: "tank-d" });
    const silent = await beside(agents, c, "silent", {}, { addresses: [], cluster: "tank.d" });
    await silent.hears("left");
    await until("it is told", WAIT_MS, async () => ours(await a.tagsOf("b")).length > 0);
    await beside(agents, d, "late", {}, { cluster: "tank.d" });
    await left.hears("late");
    await left.says(/^1 other node by/);
    expect(new Set(left.heard.map(({ nodeId }) => nodeId))).toEqual(new Set(["late"]));
    expect(ours(await a.tagsOf("c"))).toEqual([]);
  });

  serfTest("say it where the tags leave no room, and use what room there is", async (agents) => {
    const a = await agents.start("a", { tags: { notes: "x".repeat(349) } });
    const addresses = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
      host: `fd00:0:0:0:1:2:3:${n}`,
      port: 8000,
    }));
    const left = await beside(agents, a, "abcdefghij234567klmn", {}, { addresses, role: "worker" });
    const has = (key: string, value: string | undefined) =>
      until(`${key} is ${value}`, WAIT_MS, async () => (await a.tagsOf("a"))[key] === value);
    await has("tankd_addr", "[fd00:0:0:0:1:2:3:1]:8000");
    // One byte more is too much: what was reckoned is what the agent reckons.
    await expect(a.setTag("notes", "x".repeat(350))).rejects.toThrow("exceeds limit of 512 bytes");
    await left.backend.stop();
    await a.setTag("notes", "x".repeat(370));
    await left.start();
    await has("tankd_port", "8000");
    await expect(a.setTag("notes", "x".repeat(371))).rejects.toThrow("exceeds limit of 512 bytes");
    await left.backend.stop();
    await a.setTag("notes", "x".repeat(371));
    await left.start();
    await left.says(/; the agent's tags leave no room for those of this node: remove some$/);
  });

  serfTest("take turns where they share an agent", async (agents) => {
    const a = await agents.start("a");
    const first = await beside(agents, a, "first");
    const announces = (id: string | undefined) =>
      until(`${id} is announced`, WAIT_MS, async () => (await a.tagsOf("a"))["tankd_id"] === id);
    await announces("first");
    const second = await beside(agents, a, "second");
    await announces("second");
    await first.says(/; it announces another node of this machine at present$/);
    // Its role is not its turn.
    first.become("hub");
    await announces("second");
    first.aheadMs = 301_000;
    first.backend.refresh();
    await announces("first");
    await second.says(/; it announces another node of this machine at present$/);
    // Not its tags to take back.
    await second.backend.stop();
    expect((await a.tagsOf("a"))["tankd_id"]).toBe("first");
    await first.backend.stop();
    await announces(undefined);
  });
});

describe("an agent that is", () => {
  serfTest("started anew is found again, joined and told", async (agents) => {
    const [a, b] = [await agents.start("a"), await agents.start("b")];
    const left = await beside(agents, a, "left", { join: [b.place] });
    const right = await beside(agents, b, "right");
    await left.hears("right");
    await right.hears("left");
    await a.kill();
    await left.says(/is lost: the connection was closed|no Serf agent answers/);
    expect(left.backend.isWorking()).toBe(false);
    right.heard.length = 0;
    left.heard.length = 0;
    await agents.start("a", { at: a });
    await left.says(/^1 other node by the agent at/);
    expect(left.backend.isWorking()).toBe(true);
    await left.hears("right");
    await until(
      "its tags are told",
      WAIT_MS,
      async () => (await b.tagsOf("a"))["tankd_id"] === "left",
    );
  });

  serfTest("failed still speaks for its node", async (agents) => {
    const [a, b] = await agents.cluster("a", "b");
    if (!a || !b) throw new Error("two agents");
    await beside(agents, b, "right");
    await until("it is told", WAIT_MS, async () => (await a.tagsOf("b"))["tankd_id"] === "right");
    await b.kill();
    await a.statusOf("b", "failed");
    const left = await beside(agents, a, "left");
    expect(await left.hears("right")).toMatchObject({ source: "127.0.0.1" });
    expect(left.backend.describe()).toStartWith("1 other node");
  });

  serfTest("hung is left, and used again when it goes on", async (agents) => {
    const a = await agents.start("a");
    const left = await beside(agents, a, "left");
    await left.says(/^0 other nodes/);
    a.signal("SIGSTOP");
    try {
      left.backend.refresh();
      await left.says(/does not answer: restart it|no answer to/);
    } finally {
      a.signal("SIGCONT");
    }
    await left.says(/^0 other nodes/);
  });

  serfTest("locked asks for a key, and which one is said", async (agents) => {
    const a = await agents.start("a", { key: "open sesame" });
    const { port } = a.rpc;
    const without = new Seeker("left", { rpc: a.rpc });
    await expect(without.start()).rejects.toThrow(
      `the Serf agent at 127.0.0.1:${port} asks for a key: set SERF_RPC_AUTH to its rpc_auth`,
    );
    const wrong = new Seeker("left", { rpc: a.rpc, key: "mellon" });
    await expect(wrong.start()).rejects.toThrow(
      `the Serf agent at 127.0.0.1:${port} refuses the key: set SERF_RPC_AUTH to its rpc_auth`,
    );
    const right = await beside(agents, a, "left", { key: "open sesame" });
    await right.says(/^0 other nodes/);
    await until("it is told", WAIT_MS, async () => (await a.tagsOf("a"))["tankd_id"] === "left");
  });

  serfTest("open takes any key", async (agents) => {
    const a = await agents.start("a");
    const left = await beside(agents, a, "left", { key: "open sesame" });
    await left.says(/^0 other nodes/);
  });
});

describe("joining", () => {
  serfTest("goes on until it works, and says why it does not", async (agents) => {
    const [a, b] = [await agents.start("a"), await agents.start("b")];
    await beside(agents, b, "right");
    await b.kill();
    const left = await beside(agents, a, "left", { join: [b.place] });
    await left.says(new RegExp(`; cannot join 127.0.0.1:${b.place.port}: connection refused$`));
    expect(left.backend.isWorking()).toBe(false);
    await agents.start("b", { at: b });
    left.backend.refresh();
    await left.hears("right");
    await left.says(/^1 other node by the agent at [^;]*$/);
    expect(left.backend.isWorking()).toBe(true);
  });

  serfTest("one of two is enough to work", async (agents) => {
    const [a, b] = [await agents.start("a"), await agents.start("b")];
    const nowhere = { host: "no-such-host.invalid", port: 7946 };
    const left = await beside(agents, a, "left", { join: [nowhere, b.place] });
    await left.says(/; cannot join no-such-host\.invalid:7946: /);
    await a.statusOf("b", "alive");
    expect(left.backend.isWorking()).toBe(true);
  });
});
