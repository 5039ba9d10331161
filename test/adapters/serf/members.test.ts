import { describe, expect, test } from "bun:test";
import { type Member, readAgentName, readMembers } from "../../../src/adapters/serf/members.ts";
import { nominationOf, spokesmen } from "../../../src/adapters/serf/nominations.ts";

const whole = {
  Name: "a",
  Addr: Uint8Array.of(10, 0, 0, 1),
  Port: 7946,
  Status: "alive",
  Tags: { role: "web" },
};

describe("an answer with members", () => {
  test("is read as far as it has the shape of one", () => {
    const foreign = [
      null,
      7,
      "a",
      [],
      {},
      { ...whole, Name: 7 },
      { ...whole, Addr: "10.0.0.1" },
      { ...whole, Addr: new Uint8Array(5) },
      { ...whole, Port: "7946" },
      { ...whole, Status: null },
    ];
    const read = readMembers({ Members: [...foreign, whole, { ...whole, Tags: null }] });
    expect(read.map(({ tags }) => [...tags])).toEqual([[["role", "web"]], []]);
    expect(readMembers({ Members: [{ ...whole, Tags: { a: 1, b: "2" } }] })[0]?.tags).toEqual(
      new Map([["b", "2"]]),
    );
    for (const body of [undefined, null, 7, [], {}, { Members: null }, { Members: { 0: whole } }])
      expect(readMembers(body)).toEqual([]);
  });

  test("has addresses of IPv4, IPv6, and the one inside the other", () => {
    const hostOf = (...bytes: readonly number[]) =>
      readMembers({ Members: [{ ...whole, Addr: Uint8Array.from(bytes) }] })[0]?.host;
    const zeros = Array<number>(10).fill(0);
    expect(hostOf(10, 0, 0, 1)).toBe("10.0.0.1");
    expect(hostOf(0xfd, 0, ...zeros, 0, 0, 0, 7)).toBe("fd00::7");
    expect(hostOf(...zeros, 0xff, 0xff, 10, 0, 0, 1)).toBe("10.0.0.1");
  });

  test("is bounded", () => {
    expect(readMembers({ Members: Array(10_000).fill(whole) })).toHaveLength(4096);
  });

  test("of stats has the name of the agent", () => {
    expect(readAgentName({ agent: { name: "a" } })).toBe("a");
    for (const body of [undefined, {}, { agent: 7 }, { agent: { name: 7 } }])
      expect(readAgentName(body)).toBeUndefined();
  });
});

function member(name: string, status: string, tags: Record<string, string>): Member {
  return { name, status, host: "10.0.0.7", port: 7946, tags: new Map(Object.entries(tags)) };
}

describe("who speaks for a node", () => {
  const speaker = (name: string, status: string, id = name) =>
    member(name, status, { tankd_id: id, tankd_addr: "10.0.0.7:8000" });
  const names = (members: readonly Member[]) => spokesmen(members).map((one) => one.member.name);

  test("is a member with an id that has not left for good", () => {
    const statuses = ["alive", "leaving", "failed", "left", "none", "<b>"];
    expect(names(statuses.map((status) => speaker(status, status)))).toEqual([
      "alive",
      "leaving",
      "failed",
    ]);
    expect(names([member("web", "alive", { role: "web" }), speaker("b", "alive", "a b")])).toEqual(
      [],
    );
  });

  test("is the living one of several, or all where none lives", () => {
    const old = [speaker("old", "failed", "x"), speaker("older", "leaving", "x")];
    expect(names([...old, speaker("new", "alive", "x"), speaker("other", "failed")])).toEqual([
      "new",
      "other",
    ]);
    expect(names(old)).toEqual(["old", "older"]);
    // A copy of a node: both live.
    expect(names([speaker("one", "alive", "x"), speaker("two", "alive", "x")])).toHaveLength(2);
  });

  test("is bounded", () => {
    const many = Array.from({ length: 3_000 }, (_, n) => speaker(`m${n}`, "alive"));
    expect(names(many)).toHaveLength(1024);
  });

  test("and is nominated with what its tags say, and with its address as the source", () => {
    const nominated = (tags: Record<string, string>) =>
      spokesmen([member("m", "failed", { tankd_id: "x", ...tags })]).map(nominationOf);
    expect(
      nominated({
        tankd_role: "<b>hub</b>",
        tankd_prio: "high",
        tankd_port: "8000",
        tankd_boot: "b",
      }),
    ).toEqual([
      {
        backend: "serf",
        nodeId: "x",
        bootId: "b",
        addresses: [{ host: "10.0.0.7", port: 8000 }],
        source: "10.0.0.7",
      },
    ]);
    // Whether loopback and metadata addresses are dialled is decided by the source.
    expect(nominated({ tankd_addr: "169.254.169.254:80,127.0.0.1:22" })).toMatchObject([
      { source: "10.0.0.7" },
    ]);
  });
});
