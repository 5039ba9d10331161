import { describe, expect, test } from "bun:test";
import { readMessage } from "../../../src/adapters/mdns/message.ts";
import { TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import { Ether, type Member } from "./ether.ts";
import { calm, others, pointer, TYPE_QUESTION } from "./station-support.ts";

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

  test("are sent all the same if what another asker knows is no longer complete", async () => {
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
