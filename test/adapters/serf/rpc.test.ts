import { describe, expect, test } from "bun:test";
import { Agent } from "../../../src/adapters/serf/agent.ts";
import { isAgentThere } from "../../../src/adapters/serf/find-agent.ts";
import { FRAME_BYTES_MAX } from "../../../src/adapters/serf/frames.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import { FakeAgent, likeAnAgent, type Reply, type Script } from "./fake-agent.ts";

/** The deadline of an answer passes at once. */
const impatient: Timers = {
  after: (delayMs, task) => realTimers.after(delayMs === 5_000 ? 50 : delayMs, task),
};

function open(fake: FakeAgent, timers = realTimers, key?: string): Promise<Agent> {
  return Agent.open({ address: fake.address, key }, timers);
}

/** What is said of an agent that cannot be used. */
async function refusal(script: Script, timers = realTimers, key?: string): Promise<string> {
  await using fake = await FakeAgent.start(script);
  try {
    (await open(fake, timers, key)).close();
  } catch (error) {
    if (error instanceof Error) return error.message.replace(/127\.0\.0\.1:\d+/, "HERE");
  }
  throw new Error("it was taken for an agent");
}

describe("the program at the RPC port", () => {
  const wrong: readonly (readonly [string, (reply: Reply) => void])[] = [
    [
      "a web server",
      (reply) => reply.bytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    ],
    ["one that closes", (reply) => reply.close()],
    ["noise", (reply) => reply.bytes(Uint8Array.from({ length: 99 }, (_, n) => (n * 197) % 256))],
    ["a number", (reply) => reply.value(7)],
    ["a list without end", (reply) => reply.bytes(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))],
    ["a text without end", (reply) => reply.bytes(Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff))],
    ["a header of other types", (reply) => reply.value({ Seq: "1", Error: 0 })],
    ["an answer to another", (reply) => reply.value({ Seq: 99, Error: "" })],
    ["a date out of bounds", (reply) => reply.bytes(Uint8Array.of(0xc7, 1, 0xff, 0))],
  ];
  test.each(wrong)("is no agent: %s", async (_, answer) => {
    expect(await refusal((__, reply) => answer(reply))).toStartWith(
      "the program at HERE is not a Serf agent",
    );
  });

  test("is no agent without a name", async () => {
    const nameless = likeAnAgent(({ Command }, reply) => {
      if (Command === "stats") reply.ok({ agent: {} });
      return Command === "stats";
    });
    expect(await refusal(nameless)).toBe("the program at HERE is not a Serf agent");
  });

  test("may hang, and is not waited for", async () => {
    const hung = "the Serf agent at HERE does not answer: restart it";
    expect(await refusal(() => {}, impatient)).toBe(hung);
    const half = (_: unknown, reply: Reply) => reply.bytes(Uint8Array.of(0x82, 0xa3));
    expect(await refusal(half, impatient)).toBe(hung);
  });

  test("may have nothing to do with us in its own words", async () => {
    const newer: Script = (_, reply) => reply.refuse("Unsupported\n\u001b[31m IPC version");
    expect(await refusal(newer)).toBe("the Serf agent at HERE says: Unsupported [31m IPC version");
  });

  test("nobody at all", async () => {
    const fake = await FakeAgent.start(() => {});
    const { address } = fake;
    await fake[Symbol.asyncDispose]();
    const asked = { rpc: address, key: undefined, timers: realTimers };
    expect(await isAgentThere(asked)).toBe(false);
    await expect(Agent.open({ address, key: undefined }, realTimers)).rejects.toThrow(
      /^no Serf agent answers at 127\.0\.0\.1:\d+ \(connection refused\)$/,
    );
  });
});

describe("an agent", () => {
  test("is looked for without a key, too", async () => {
    await using locked = await FakeAgent.start(
      likeAnAgent(({ Command }, reply) => {
        if (Command === "stats") reply.refuse("Authentication required");
        return Command === "stats";
      }),
    );
    const there = (fake: FakeAgent) =>
      isAgentThere({ rpc: fake.address, key: undefined, timers: realTimers });
    expect(await there(locked)).toBe(true);
    await using other = await FakeAgent.start(
      likeAnAgent(({ Command }, reply) => {
        if (Command === "stats") reply.ok({ agent: { name: "tankd-abc-1" } });
        return Command === "stats";
      }),
    );
    // It ends with the node that has started it.
    expect(await there(other)).toBe(false);
  });

  test("that refuses a command goes on answering; a failed join has a body or none", async () => {
    for (const body of [[], [{ Num: 0 }]]) {
      await using fake = await FakeAgent.start(
        likeAnAgent(({ Command }, reply) => {
          if (Command !== "join") return false;
          reply.refuse("1 error occurred:\n\t* Failed to join 10.0.0.9: i/o timeout\n");
          for (const value of body) reply.value(value);
          return true;
        }),
      );
      const agent = await open(fake);
      await expect(agent.join("10.0.0.9:7946")).rejects.toThrow(
        "1 error occurred: * Failed to join 10.0.0.9: i/o timeout",
      );
      expect(await agent.aliveMembers()).toEqual([]);
      agent.close();
    }
  });

  test("tells events between answers, in any number", async () => {
    let stream = 0;
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command, Seq }, reply) => {
        if (Command === "stream") stream = Seq;
        if (Command !== "members-filtered") return false;
        for (let n = 0; n < 10_000; n++) {
          reply.value({ Seq: stream, Error: "" });
          reply.value({ Event: "member-update", Members: [] });
        }
        return false;
      }),
    );
    const agent = await open(fake);
    let events = 0;
    await agent.follow(() => events++);
    expect(await agent.aliveMembers()).toEqual([]);
    expect(events).toBe(10_000);
    agent.close();
  });

  test("shows its other members beside one with a poisoned tag", async () => {
    const memberOf = (name: string, tags: Uint8Array) =>
      Buffer.concat([
        Uint8Array.of(0x85),
        ...["Name", name, "Status", "alive", "Port"].map(textOf),
        Uint8Array.of(0x07),
        textOf("Addr"),
        Uint8Array.of(0xc4, 4, 10, 0, 0, 1),
        textOf("Tags"),
        tags,
      ]);
    const poison = Buffer.concat([Uint8Array.of(0x81), textOf("__proto__"), textOf("x")]);
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command, Seq }, reply) => {
        if (Command !== "members-filtered") return false;
        reply.value({ Seq, Error: "" });
        reply.bytes(Buffer.concat([Uint8Array.of(0x81), textOf("Members"), Uint8Array.of(0x92)]));
        reply.bytes(memberOf("poisoner", poison));
        reply.bytes(memberOf("victim", Uint8Array.of(0x80)));
        return true;
      }),
    );
    const agent = await open(fake);
    const members = await agent.aliveMembers();
    expect(members.map(({ name }) => name)).toEqual(["poisoner", "victim"]);
    expect(Object.getPrototypeOf(members[0])).toBe(Object.prototype);
    agent.close();
  });

  test("that sends more than anybody asks for is left", async () => {
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command, Seq }, reply) => {
        if (Command !== "members-filtered") return false;
        reply.value({ Seq, Error: "" });
        reply.bytes(Uint8Array.of(0xc6, 0x7f, 0xff, 0xff, 0xff));
        for (let sent = 0; sent < FRAME_BYTES_MAX; sent += 65_536)
          reply.bytes(new Uint8Array(65_536));
        return true;
      }),
    );
    const agent = await open(fake);
    await expect(agent.aliveMembers()).rejects.toThrow("the value is too long");
    expect(agent.hasEnded).toBe(true);
  });

  test("that is lost ends every command at once, and those that come later", async () => {
    await using fake = await FakeAgent.start(
      likeAnAgent(({ Command }, reply) => {
        if (Command === "members-filtered") reply.close();
        return Command === "members-filtered";
      }),
    );
    const agent = await open(fake);
    const asked = [agent.aliveMembers(), agent.self(), agent.setTags({ Tags: {}, DeleteTags: [] })];
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await expect(agent.self()).rejects.toThrow("the connection was closed");
    expect(await agent.ended).toBeInstanceOf(Error);
  });
});

function textOf(text: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xa0 | text.length), Buffer.from(text)]);
}
