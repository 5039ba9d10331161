import { describe, expect, test } from "bun:test";
import type { Member } from "../../../src/adapters/serf/members.ts";
import {
  addressesOfMember,
  hintsOfMember,
  ourTags,
  tagChange,
  tagsFor,
} from "../../../src/adapters/serf/tags.ts";
import { announcementOf } from "../../discovery/announcement.ts";

const nothing = new Map<string, string>();

function memberWith(tags: ReadonlyMap<string, string>, host = "10.0.0.7"): Member {
  return { name: "m", status: "alive", host, port: 7946, tags };
}

describe("our tags", () => {
  const tags = tagsFor(announcementOf({ role: "hub" }), nothing) ?? nothing;

  test("are the hints, each recognisable", () => {
    expect(Object.fromEntries(tags)).toEqual({
      tankd_id: "abcdefghij234567klmn",
      tankd_cluster: "tankd",
      tankd_role: "hub",
      tankd_prio: "100",
      tankd_v: "0.1.0",
      tankd_boot: "b0071d",
      tankd_addr: "10.0.0.1:8000",
    });
    expect(hintsOfMember(memberWith(tags))).toEqual({
      nodeId: "abcdefghij234567klmn",
      cluster: "tankd",
      role: "hub",
      priority: 100,
      bootId: "b0071d",
    });
    expect(addressesOfMember(memberWith(tags))).toEqual([{ host: "10.0.0.1", port: 8000 }]);
  });

  test("are none for a node that announces nothing", () => {
    expect(tagsFor(announcementOf({ addresses: [] }), nothing)).toEqual(nothing);
  });

  test("leave out addresses that do not fit, the last first, then all but the port", () => {
    const addresses = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
      host: `fd00:0:0:0:1:2:3:${n}`,
      port: 8000,
    }));
    const announcement = announcementOf({ addresses });
    const kept = (others: number) => {
      const found = tagsFor(announcement, new Map([["notes", "x".repeat(others)]]));
      return (
        found &&
        addressesOfMember(memberWith(found))
          .map(({ host }) => host.at(-1))
          .join("")
      );
    };
    // backend.test.ts asks an agent whether these are the very bounds.
    expect([1, 165].map(kept)).toEqual(["12345678", "12345678"]);
    expect([166, 321, 322, 349].map(kept)).toEqual(["1234567", "12", "1", "1"]);
    // The port alone, at the address of the agent.
    const bare = tagsFor(announcement, new Map([["notes", "x".repeat(350)]])) ?? nothing;
    expect([bare.has("tankd_addr"), bare.get("tankd_port")]).toEqual([false, "8000"]);
    expect(addressesOfMember(memberWith(bare, "fd00::7"))).toEqual([
      { host: "fd00::7", port: 8000 },
    ]);
    expect([370, 371].map(kept)).toEqual(["7", undefined]);
  });

  test("change only what differs, and never what is not ours", () => {
    const present = new Map([...tags, ["role", "web"], ["dc", "east"]]);
    const mine = ourTags(present);
    expect(mine).toEqual(tags);
    expect(tagChange(mine, tags)).toBeUndefined();
    const worker = new Map([...tags, ["tankd_role", "worker"]]);
    worker.delete("tankd_addr");
    expect(tagChange(mine, worker)).toEqual({
      Tags: { tankd_role: "worker" },
      DeleteTags: ["tankd_addr"],
    });
    expect(tagChange(mine, nothing)).toEqual({ Tags: {}, DeleteTags: [...tags.keys()] });
  });

  test.each([
    ["no port", {}],
    ["port 0", { tankd_port: "0" }],
    ["port 70000", { tankd_port: "70000" }],
    ["two ports", { tankd_port: "8,9" }],
    ["markup", { tankd_addr: "<script>alert(1)</script>" }],
  ])("that name no place lead nowhere: %s", (_, wrong) => {
    expect(addressesOfMember(memberWith(new Map(Object.entries(wrong))))).toEqual([]);
  });
});
