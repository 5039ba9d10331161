import { describe, expect, test } from "bun:test";
import { hintsWithAddresses, readAddresses, readHints } from "../../src/discovery/hints.ts";
import { announcementOf } from "./announcement.ts";

describe("the hints of a node", () => {
  test("come back as they were, IPv6 addresses and all", () => {
    const addresses = [
      { host: "10.0.0.1", port: 8000 },
      { host: "fd00::7", port: 8001 },
    ];
    const hints = hintsWithAddresses(announcementOf({ role: "hub", priority: 7, addresses }));
    const read = (key: string) => hints[key];
    expect(readAddresses(read)).toEqual(addresses);
    expect(readHints(read)).toEqual({
      nodeId: "abcdefghij234567klmn",
      cluster: "tankd",
      role: "hub",
      priority: 7,
      bootId: "b0071d",
    });
  });

  test("that are malformed are none", () => {
    const hints: Record<string, string> = {
      id: "two words",
      cluster: "x".repeat(65),
      role: "king",
      prio: "-1",
      boot: "\u0007",
      addr: "10.0.0.1,:8000,a:0,b:8000,c:99999",
    };
    expect(readHints((key) => hints[key])).toEqual({});
    expect(readAddresses((key) => hints[key])).toEqual([{ host: "b", port: 8000 }]);
    expect(readAddresses(() => undefined)).toEqual([]);
  });
});
