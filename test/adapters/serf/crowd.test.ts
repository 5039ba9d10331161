import { describe, expect, test } from "bun:test";
import { realTimers } from "../../../src/platform/real/timers.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import { until } from "../../support/commands.ts";
import { WAIT_MS } from "./agents.ts";
import { FakeAgent, likeAnAgent } from "./fake-agent.ts";
import { Seeker } from "./seeker.ts";

/** What an agent says of a member that speaks for a node. */
function speaker(n: number, tags: Record<string, unknown> = {}) {
  const hints = {
    tankd_id: `n${n}`,
    tankd_cluster: "tankd",
    tankd_addr: `10.0.${n >> 8}.${n & 255}:8000`,
  };
  return {
    Name: `m${n}`,
    Addr: Uint8Array.of(10, 0, n >> 8, n & 255),
    Port: 7946,
    Status: "alive",
    Tags: { ...hints, ...tags },
  };
}

/** A node beside an agent whose answers to `members-filtered` are made up. */
async function beside(members: () => readonly unknown[] | undefined) {
  const fake = await FakeAgent.start(
    likeAnAgent(({ Command }, reply) => {
      if (Command !== "members-filtered") return false;
      const listed = members();
      if (listed) reply.ok({ Members: listed });
      else reply.bytes("garbage, and no end of it");
      return true;
    }),
  );
  const seeker = new Seeker("n0", { rpc: fake.address });
  await seeker.start();
  const looks = () => fake.commands.filter((one) => one === "members-filtered").length;
  return {
    seeker,
    looksAgain: async () => {
      const before = looks();
      await until("it has looked again", WAIT_MS, async () => looks() > before + 2);
    },
    [Symbol.asyncDispose]: async () => {
      await seeker.backend.stop();
      await fake[Symbol.asyncDispose]();
    },
  };
}

describe("members that an agent makes up", () => {
  test("are thousands: so many are nominated, and each once", async () => {
    const crowd = Array.from({ length: 6_000 }, (_, n) => speaker(n + 1));
    await using set = await beside(() => crowd);
    const { seeker } = set;
    await seeker.says(/^1024 other nodes/);
    await set.looksAgain();
    expect(seeker.heard).toHaveLength(1024);
    expect(new Set(seeker.heard.map(({ nodeId }) => nodeId)).size).toBe(1024);
  });

  test("are of foreign shapes: what can be read is nominated", async () => {
    const foreign = [
      null,
      7,
      "member",
      { ...speaker(1), Tags: ["tankd_id"] },
      speaker(2, { tankd_id: "<script>alert(1)</script> x" }),
      speaker(3, { tankd_id: "x".repeat(10_000) }),
      speaker(4, { tankd_addr: "\u202e:8000,[::1,,:0,10.0.0.4:8000" }),
      speaker(5, { tankd_role: "emperor", tankd_prio: "-1", tankd_boot: "\n" }),
    ];
    await using set = await beside(() => foreign);
    await set.seeker.says(/^2 other nodes/);
    expect(set.seeker.heard).toEqual([
      {
        backend: "serf",
        addresses: [{ host: "10.0.0.4", port: 8000 }],
        nodeId: "n4",
        cluster: "tankd",
        source: "10.0.0.4",
      },
      {
        backend: "serf",
        addresses: [{ host: "10.0.0.5", port: 8000 }],
        nodeId: "n5",
        cluster: "tankd",
        source: "10.0.0.5",
      },
    ]);
  });

  test("change: that is seen by the event, and needs no look in its time", async () => {
    let members = [speaker(1)];
    let tell = () => {};
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command, Seq }, reply) => {
        if (Command === "members-filtered") reply.ok({ Members: members });
        if (Command === "stream") {
          tell = () => {
            reply.value({ Seq, Error: "" });
            reply.value({ Event: "member-join", Members: [] });
          };
        }
        return Command === "members-filtered";
      }),
    );
    // What would come later than after 10 s never comes.
    const timers: Timers = {
      after: (delayMs, task) => (delayMs > 10_000 ? () => {} : realTimers.after(delayMs, task)),
    };
    const seeker = new Seeker("n0", { rpc: fake.address, timers }, { role: "worker" });
    await seeker.start();
    try {
      await seeker.hears("n1");
      members = [...members, speaker(2)];
      tell();
      await seeker.hears("n2");
    } finally {
      await seeker.backend.stop();
    }
  });

  test("of this node itself: a former one is nobody, one that lives is a copy", async () => {
    let members = [{ ...speaker(0), Status: "failed" }];
    await using set = await beside(() => members);
    await set.looksAgain();
    expect(set.seeker.heard).toEqual([]);
    expect(set.seeker.backend.describe()).toStartWith("0 other nodes");
    members = [{ ...speaker(0), Status: "alive" }];
    await set.seeker.hears("n0");
  });

  test("are garbage: the agent is left, and used again when it makes sense", async () => {
    let sense = false;
    await using set = await beside(() => (sense ? [speaker(1)] : undefined));
    await set.seeker.says(/is lost: it sends a message that was not requested$/);
    expect(set.seeker.backend.isWorking()).toBe(false);
    sense = true;
    await set.seeker.hears("n1");
    expect(set.seeker.backend.isWorking()).toBe(true);
  });

  test("come while the agent refuses our tags, which is said", async () => {
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command }, reply) => {
        if (Command === "tags") reply.refuse("no\u001b[2J\nway");
        if (Command === "members-filtered") {
          reply.ok({ Members: [{ ...speaker(1), Name: "a", Tags: {} }, speaker(2)] });
        }
        return ["tags", "members-filtered"].includes(Command);
      }),
    );
    const seeker = new Seeker("n0", { rpc: fake.address });
    await seeker.start();
    try {
      await seeker.hears("n2");
      await seeker.says(/^1 other node by .*; cannot announce this node: no \[2J way$/);
    } finally {
      await seeker.backend.stop();
    }
  });
});
