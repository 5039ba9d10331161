import { describe, expect, test } from "bun:test";
import { encode } from "dns-packet";
import { type Message, readMessage, writeResponse } from "../../../src/adapters/mdns/message.ts";
import {
  type DnsRecord,
  META_NAME,
  recordsOf,
  TYPE_NAME,
} from "../../../src/adapters/mdns/records.ts";
import { Ether, type Member } from "./ether.ts";

const TYPE_QUESTION = { name: TYPE_NAME, type: "PTR" };
const STRANGER = { address: "10.0.0.99", port: 5353 };

function pointer(nodeId: string, ttl = 4500): DnsRecord {
  return { name: TYPE_NAME, type: "PTR", ttl, flush: false, data: `${nodeId}.${TYPE_NAME}` };
}

/** All records of a made-up node. */
function others(nodeId: string, text: readonly string[], address = "10.0.0.99") {
  const announcement = {
    nodeId,
    cluster: "tankd",
    version: "0",
    role: "worker" as const,
    priority: 1,
    bootId: "b",
    addresses: [{ host: address, port: 80 }],
  };
  return recordsOf(announcement, announcement.addresses).map(
    (one): DnsRecord => (one.type === "TXT" ? { ...one, data: text } : one),
  );
}

const types = (records: readonly DnsRecord[]) => records.map(({ type }) => type).toSorted();
const answersOf = (messages: readonly Message[]) =>
  messages.filter(({ isResponse }) => isResponse).flatMap(({ answers }) => answers);

/** A lone node whose start is over: it has announced itself twice and asked three times. */
async function calm(): Promise<{ ether: Ether; a: Member }> {
  const ether = new Ether();
  const a = ether.join("a");
  await ether.pass(5_000);
  return { ether, a };
}

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

  test("of a hub that has just announced itself go to the asker at once, to all in a second", async () => {
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

  test("to a resolver that knows no multicast repeat its question and live ten seconds", async () => {
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

describe("questions", () => {
  const questionsOf = (ether: Ether, member: Member, ms?: number) =>
    ether.sentBy(member, ms).filter(({ isResponse }) => !isResponse);

  test("are asked twice at the start, and then when it is wanted, ever more rarely", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    await ether.pass(60_000);
    expect(questionsOf(ether, a)).toHaveLength(2);
    for (let second = 0; second < 60; second++) {
      a.station.refresh();
      await ether.pass(1_000);
    }
    const times = questionsOf(ether, a, 60_000).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(gaps.length).toBeWithin(4, 8);
    for (const [index, gap] of gaps.slice(1).entries()) {
      expect(gap).toBeGreaterThan(Math.min(14_000, 1.8 * (gaps[index] ?? 0)));
    }
  });

  test("are asked all the same where somebody else knows what is no longer known whole", async () => {
    const { ether, a } = await calm();
    ether.respond(others("x", ["id=x"]).filter(({ type }) => type !== "NSEC"));
    const askedAfter = async (ms: number) => {
      await ether.pass(ms);
      ether.ask([TYPE_QUESTION], [pointer("x"), pointer("a")]);
      await ether.pass(100);
      a.station.refresh();
      await ether.pass(17_000);
      return questionsOf(ether, a, 17_000).length;
    };
    expect(await askedAfter(20_000)).toBe(0);
    // The address has run out, the pointer lives for more than an hour.
    expect(await askedAfter(120_000)).toBe(1);
  });

  test("are asked at once and by short intervals when a hub is lost", async () => {
    const { ether, a } = await calm();
    a.announce({ role: "worker" });
    for (let minute = 0; minute < 10; minute++) {
      await ether.pass(60_000);
      a.station.refresh();
    }
    await ether.pass(10_000);
    a.announce({ role: "discovering" });
    await ether.pass(1_500);
    expect(questionsOf(ether, a, 1_500)).toHaveLength(2);
  });

  test("are asked by one for all, however many want to know", async () => {
    const ether = new Ether();
    const members = Array.from({ length: 50 }, (_, index) => ether.join(`node-${index}`));
    await ether.pass(30_000);
    for (let second = 0; second < 90; second++) {
      const due = members.filter((_, index) => index % 30 === second % 30);
      for (const { station } of due) station.refresh();
      await ether.pass(1_000);
    }
    // Fifty known answers take more than one packet.
    const packets = members.flatMap((one) => questionsOf(ether, one, 90_000));
    const asked = packets.filter(({ questions }) => questions.length > 0);
    expect(packets.length).toBeGreaterThan(asked.length);
    expect(asked.length).toBeWithin(3, 8);
  });

  test("go out by each protocol at the start, then by turns", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    let byIpv6 = 0;
    a.station.attach("IPv6", (bytes) => {
      if (readMessage(bytes)?.isResponse === false) byIpv6++;
    });
    await ether.pass(500);
    expect([questionsOf(ether, a).length, byIpv6]).toEqual([1, 1]);
    for (let minute = 0; minute < 4; minute++) {
      await ether.pass(60_000);
      a.station.refresh();
    }
    await ether.pass(1_000);
    const byIpv4 = questionsOf(ether, a).length;
    expect(byIpv4 + byIpv6).toBe(7);
    expect(Math.abs(byIpv4 - byIpv6)).toBe(1);
  });

  test("are not asked when somebody else has just asked them and knew no more", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    ether.ask([TYPE_QUESTION]);
    await ether.pass(200);
    expect(ether.sentBy(a).filter(({ isResponse }) => !isResponse)).toEqual([]);
    const other = new Ether();
    const b = other.join("b");
    other.ask([TYPE_QUESTION], [pointer("unheard-of")]);
    await other.pass(200);
    expect(other.sentBy(b).filter(({ isResponse }) => !isResponse)).toHaveLength(1);
  });

  test("by refresh are asked once a second at most, and nominate from memory at once", async () => {
    const ether = new Ether();
    const a = ether.join("a");
    ether.join("b");
    await ether.pass(30_000);
    a.heard.length = 0;
    for (let refresh = 0; refresh < 30; refresh++) {
      a.station.refresh();
      await ether.pass(100);
    }
    expect(a.heard).toHaveLength(30);
    const asked = ether.sentBy(a, 3_000).filter(({ isResponse }) => !isResponse);
    expect(asked.length).toBeWithin(2, 5);
    expect(asked[0]?.answers.map(({ data }) => data)).toEqual([`b.${TYPE_NAME}`]);
  });

  test("bring in what a responder left out", async () => {
    const { ether, a } = await calm();
    const [ptr, srv, txt, , address] = others("x", ["id=x", "cluster=c"]);
    if (!ptr || !srv || !txt || !address) throw new Error("records are missing");
    ether.respond([ptr]);
    await ether.pass(300);
    const asked = () => ether.sentBy(a, 300).flatMap(({ questions }) => questions);
    expect(asked().map(({ type }) => type)).toEqual(["SRV", "TXT"]);
    ether.respond([srv, txt]);
    await ether.pass(1_200);
    expect(a.station.labels("response")).toContain("x");
    ether.respond([address]);
    await ether.pass(10);
    expect(a.heard.map(({ nodeId, cluster }) => [nodeId, cluster])).toEqual([["x", "c"]]);
    await ether.pass(60_000);
    expect(asked()).toEqual([]);
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

/** A question with the class bits that dns-packet does not write. */
function questionBytes(name: string, type: number, klass: number, id = 0): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = [id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...head, ...labels, 0, 0, type, klass >> 8, klass & 255]);
}
