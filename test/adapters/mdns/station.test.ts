import { describe, expect, test } from "bun:test";
import { encode } from "dns-packet";
import { writeResponse } from "../../../src/adapters/mdns/message.ts";
import { META_NAME, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import { Ether } from "./ether.ts";
import {
  answersOf,
  calm,
  others,
  pointer,
  questionBytes,
  STRANGER,
  TYPE_QUESTION,
  types,
} from "./station-support.ts";

describe("answers", () => {
  test("come between 20 and 120 ms later, once, with all that it takes to dial", async () => {
    const { ether, a } = await calm();
    ether.ask([TYPE_QUESTION]);
    ether.ask([TYPE_QUESTION], [], { ...STRANGER, address: "10.0.0.98" });
    const askedMs = ether.world.nowMs;
    await ether.pass(3_000);
    const [answer, ...more] = ether.sentBy(a, 3_000).filter(({ isResponse }) => isResponse);
    expect(more).toEqual([]);
    expect((answer?.atMs ?? 0) - askedMs).toBeWithin(20, 122);
    expect(types(answer?.answers ?? [])).toEqual(["PTR"]);
    expect(types(answer?.additionals ?? [])).toEqual(["A", "SRV", "TXT"]);
  });

  test("are not given to those who know them, unless for less than half of the time", async () => {
    const { ether, a } = await calm();
    ether.ask([TYPE_QUESTION], [pointer("a", 2250)]);
    await ether.pass(3_000);
    expect(answersOf(ether.sentBy(a, 3_000))).toEqual([]);
    ether.ask([TYPE_QUESTION], [pointer("a", 2249)]);
    await ether.pass(1_000);
    expect(answersOf(ether.sentBy(a, 1_000))).toHaveLength(1);
  });

  test("wait for known answers that come in further packets", async () => {
    const { ether, a } = await calm();
    const many = Array.from({ length: 100 }, (_, number) => pointer(`node-${number}`));
    ether.ask([TYPE_QUESTION], [...many, pointer("a")]);
    await ether.pass(1_000);
    expect(answersOf(ether.sentBy(a, 1_000))).toEqual([]);
    const askedMs = ether.world.nowMs;
    ether.ask([TYPE_QUESTION], many);
    await ether.pass(1_000);
    const [answer] = ether.sentBy(a, 1_000).filter(({ isResponse }) => isResponse);
    expect((answer?.atMs ?? 0) - askedMs).toBeWithin(400, 502);
  });

  test("that wait do not go with what others ask for meanwhile", async () => {
    const { ether, a } = await calm();
    const many = Array.from({ length: 100 }, (_, number) => pointer(`node-${number}`));
    ether.ask([TYPE_QUESTION], many);
    await ether.pass(50);
    ether.ask([{ name: META_NAME, type: "PTR" }], [], { ...STRANGER, address: "10.0.0.98" });
    await ether.pass(200);
    const names = answersOf(ether.sentBy(a, 250)).map(({ name }) => name);
    expect(names).toEqual([META_NAME]);
  });

  test("defend our names within the time that a probe waits", async () => {
    const { ether, a } = await calm();
    ether.ask([{ name: `a.${TYPE_NAME}`, type: "ANY" }]);
    await ether.pass(500);
    const [claim] = others("a", ["id=a"]).filter(({ type }) => type === "SRV");
    const questions = [{ name: `a.${TYPE_NAME}`, type: "ANY" }];
    ether.send(encode({ type: "query", questions, authorities: [claim] }));
    await ether.pass(250);
    expect(types(answersOf(ether.sentBy(a, 250)))).toEqual(["SRV", "TXT"]);
  });

  test("multicast each record at most once a second, however many ask", async () => {
    const { ether, a } = await calm();
    for (let asked = 0; asked < 50; asked++) {
      ether.ask([TYPE_QUESTION], [], { ...STRANGER, address: `10.0.1.${asked}` });
      await ether.pass(100);
    }
    const pointers = answersOf(ether.sentBy(a, 5_000)).filter(({ type }) => type === "PTR");
    expect(pointers.length).toBeWithin(3, 7);
  });

  test("do not repeat what somebody else has just said, where it is shared", async () => {
    const ether = new Ether();
    const members = [ether.join("a"), ether.join("b"), ether.join("c")];
    await ether.pass(5_000);
    ether.ask([{ name: META_NAME, type: "PTR" }]);
    await ether.pass(1_000);
    expect(members.flatMap((one) => answersOf(ether.sentBy(one, 1_000)))).toHaveLength(1);
  });

  test("go to the asker alone where it asks for that", async () => {
    const { ether, a } = await calm();
    ether.send(questionBytes(TYPE_NAME, 12, 0x8001));
    await ether.pass(1_000);
    const [answer, ...more] = ether.sentBy(a, 1_000).filter(({ isResponse }) => isResponse);
    expect(answer?.to).toEqual(STRANGER);
    expect(types(answer?.answers ?? [])).toEqual(["PTR"]);
    expect(more).toEqual([]);
  });

  test("of a newly announced hub go to the asker at once, to all within a second", async () => {
    const answersTo = async (role: "hub" | "discovering") => {
      const { ether, a } = await calm();
      a.announce({ role, addresses: [{ host: "10.0.0.7", port: 8000 }] });
      ether.ask([TYPE_QUESTION]);
      await ether.pass(200);
      ether.ask([TYPE_QUESTION]);
      const askedMs = ether.world.nowMs;
      await ether.pass(1_500);
      const sent = ether.sentBy(a, 1_500).filter(({ isResponse }) => isResponse);
      return sent.map(({ atMs, to }) => [to?.address, atMs - askedMs < 10]);
    };
    expect(await answersTo("hub")).toEqual([
      [STRANGER.address, true],
      [undefined, false],
    ]);
    expect(await answersTo("discovering")).toEqual([[undefined, false]]);
  });

  test("also reach everybody, when that is long ago", async () => {
    const { ether, a } = await calm();
    await ether.pass(1_200_000);
    ether.send(questionBytes(TYPE_NAME, 12, 0x8001));
    await ether.pass(1_000);
    const answers = ether.sentBy(a, 1_000).filter(({ isResponse }) => isResponse);
    expect(answers.map(({ to }) => to)).toEqual([STRANGER, undefined]);
  });

  test("to a resolver without multicast repeat its question and live for 10 s", async () => {
    const { ether, a } = await calm();
    const from = { address: "10.0.0.99", port: 40_000 };
    ether.send(questionBytes(`a.${TYPE_NAME}`, 33, 1, 77), from);
    await ether.pass(1_000);
    const [answer, ...more] = ether.sentBy(a, 1_000);
    expect(answer).toMatchObject({ to: from, id: 77 });
    expect(answer?.questions).toEqual([{ name: `a.${TYPE_NAME}`, type: "SRV", unicast: false }]);
    const records = [...(answer?.answers ?? []), ...(answer?.additionals ?? [])];
    expect(records.every(({ ttl, flush }) => ttl <= 10 && !flush)).toBe(true);
    expect(more).toEqual([]);
  });

  test("prove that there is no address of the other family", async () => {
    const { ether, a } = await calm();
    ether.ask([{ name: "a.local", type: "AAAA" }]);
    await ether.pass(1_000);
    const sent = ether.packets.findLast(({ from }) => from.address === a.address);
    // A bitmap with nothing but A, behind the host's own name as the next one.
    expect(Buffer.from(sent?.bytes ?? []).toString("hex")).toEndWith("000140");
  });

  test("ignore names that are not ours", async () => {
    const { ether, a } = await calm();
    ether.ask([
      { name: "_http._tcp.local", type: "PTR" },
      { name: "b.local", type: "A" },
      { name: "local", type: "ANY" },
    ]);
    await ether.pass(1_000);
    expect(answersOf(ether.sentBy(a, 1_000))).toEqual([]);
  });
});

describe("announcements", () => {
  test("are made twice, a second apart, but not again when somebody asked meanwhile", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    await ether.pass(600);
    const b = ether.join("b", { address: "10.0.0.50" });
    await ether.pass(4_000);
    // The second time of the first is its answer to the second.
    for (const member of [a, b]) {
      const said = ether.sentBy(member).filter(({ isResponse }) => isResponse);
      const all = said.flatMap(({ answers, additionals }) => [...answers, ...additionals]);
      expect(all.filter(({ type }) => type === "SRV")).toHaveLength(2);
    }
  });

  test("of a changed role are made once, at most once a second", async () => {
    const { ether, a } = await calm();
    for (let change = 0; change < 40; change++) {
      a.announce({ role: change % 2 === 0 ? "worker" : "hub" });
      await ether.pass(100);
    }
    a.announce({ role: "hub" });
    await ether.pass(5_000);
    const texts = answersOf(ether.sentBy(a, 9_000));
    expect(texts.every(({ type }) => type === "TXT")).toBe(true);
    expect(texts.length).toBeWithin(3, 6);
    expect(JSON.stringify(texts.at(-1)?.data)).toContain("role=hub");
  });

  test("of a changed address replace the one before, and are made twice", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    const b = ether.join("b");
    await ether.pass(5_000);
    a.announce({ addresses: [{ host: "10.0.0.77", port: 8000 }] });
    await ether.pass(5_000);
    expect(b.heard.at(-1)?.addresses).toEqual([{ host: "10.0.0.77", port: 8000 }]);
    const moved = answersOf(ether.sentBy(a, 5_000)).filter(({ type }) => type === "A");
    expect(moved.map(({ data }) => data)).toEqual(["10.0.0.77", "10.0.0.77"]);
  });

  test("of an address that is gone are withdrawn, unless it comes back at once", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    const b = ether.join("b");
    const hosts = () => b.heard.at(-1)?.addresses.map(({ host }) => host);
    const [ipv4, ipv6] = ["10.0.0.1", "fd00::1"].map((host) => ({ host, port: 8000 }));
    if (!ipv4 || !ipv6) throw new Error("the addresses are missing");
    a.announce({ addresses: [ipv4, ipv6] });
    await ether.pass(5_000);
    expect(hosts()).toEqual(["10.0.0.1", "fd00::1"]);
    a.announce({ addresses: [ipv4] });
    a.announce({ addresses: [ipv4, ipv6] });
    await ether.pass(5_000);
    b.station.refresh();
    expect(hosts()).toEqual(["10.0.0.1", "fd00::1"]);
    a.announce({ addresses: [ipv4] });
    await ether.pass(5_000);
    b.station.refresh();
    expect(hosts()).toEqual(["10.0.0.1"]);
    const goodbyes = answersOf(ether.sentBy(a)).filter(({ ttl }) => ttl === 0);
    expect(goodbyes.map(({ data }) => data)).toEqual(["fd00::1"]);
  });

  test("made again right after a goodbye are not taken for a repetition", async () => {
    const { ether, a } = await calm();
    const said = others("x", ["id=x"]).filter(({ type }) => type !== "NSEC");
    ether.respond(said);
    ether.respond(said.map((one) => ({ ...one, ttl: 0 })));
    ether.respond(said);
    await ether.pass(3_000);
    a.heard.length = 0;
    a.station.refresh();
    expect(a.heard.map(({ nodeId }) => nodeId)).toEqual(["x"]);
  });

  test("are withdrawn at the end, and whoever comes back is nominated anew", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    const b = ether.join("b");
    await ether.pass(5_000);
    ether.leave(b);
    await ether.pass(2_000);
    a.heard.length = 0;
    a.station.refresh();
    expect(a.heard).toEqual([]);
    ether.join("b", { bootId: "boot-2", address: "10.0.0.2" });
    await ether.pass(1_000);
    expect(a.heard.map(({ nodeId }) => nodeId)).toEqual(["b"]);
  });
});

describe("what is said again", () => {
  test("is not read again, also by the other protocol and a second later", async () => {
    const { ether, a } = await calm();
    const said = others("x", ["id=x"]).filter(({ type }) => type !== "NSEC");
    const bytes = writeResponse(said);
    expect(a.station.isRepeated(bytes)).toBe(false);
    ether.respond(said);
    await ether.pass(4_000);
    expect(a.station.isRepeated(bytes)).toBe(true);
    await ether.pass(2_000);
    expect(a.station.isRepeated(bytes)).toBe(false);
  });

  test("is read again where something else was said meanwhile", async () => {
    const { ether, a } = await calm();
    const say = async (role: string) => {
      ether.respond(others("x", ["id=x", `role=${role}`]).filter(({ type }) => type !== "NSEC"));
      await ether.pass(1_200);
    };
    for (const role of ["worker", "hub", "worker"]) await say(role);
    expect(a.heard.map(({ role }) => role)).toEqual(["worker", "hub", "worker"]);
  });
});

describe("nominations", () => {
  test("carry what the record says as hints, and who said it", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    const b = ether.join("b");
    await ether.pass(2_000);
    expect(a.heard).toEqual([
      {
        backend: "mdns",
        addresses: [{ host: b.address, port: 8000 }],
        source: b.address,
        nodeId: "b",
        cluster: "tankd",
        role: "discovering",
        priority: 100,
        bootId: "boot-2",
      },
    ]);
    b.announce({ role: "hub" });
    await ether.pass(2_000);
    expect(a.heard.map(({ role }) => role)).toEqual(["discovering", "hub"]);
  });

  test("of one's own id elsewhere are made, and the conflict is told once", async () => {
    const ether = new Ether();
    const original = ether.join("a");
    await ether.pass(5_000);
    const copy = ether.join("a", { bootId: "another" });
    await ether.pass(5_000);
    copy.announce({ role: "hub" });
    await ether.pass(5_000);
    expect(original.heard.map(({ bootId }) => bootId)).toContain("another");
    expect(original.conflicts).toEqual([copy.address]);
    const goodbyes = answersOf(ether.sentBy(original)).filter(({ ttl }) => ttl === 0);
    expect(goodbyes).toEqual([]);
  });

  test("are not made for garbage, and none of it is an error", async () => {
    const { ether, a } = await calm();
    const draws = ether.world.stream("garbage");
    const good = ether.packets.map(({ bytes }) => bytes);
    for (let packet = 0; packet < 2_000; packet++) {
      const bytes = Uint8Array.from(good[packet % good.length] ?? []);
      for (let at = 0; at < 4; at++)
        bytes[draws.integer(0, bytes.length - 1)] = draws.integer(0, 255);
      ether.send(bytes);
    }
    await ether.pass(60_000);
    for (const { addresses } of a.heard) expect(addresses.length).toBeLessThan(9);
  });
});
