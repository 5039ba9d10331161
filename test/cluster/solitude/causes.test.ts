import { describe, expect, test } from "bun:test";
import {
  causesOf,
  type SolitudeFacts,
  type Unreached,
} from "../../../src/cluster/solitude/causes.ts";
import type { BackendStatus, Cause } from "../../../src/discovery/backend.ts";

const mdns: BackendStatus = { name: "mdns", state: "running", detail: "on eth0", nominations: 3 };
const facts: SolitudeFacts = {
  cluster: "tankd",
  backends: [mdns],
  foreign: [],
  unreached: [],
  strangers: 0,
};
const node: Unreached = {
  isSeen: true,
  at: "10.0.0.2:8123",
  port: 8123,
  reason: "no answer in time",
  isSilent: true,
};
const silence: Cause = { code: "silence:eth0", what: "nothing is heard", mend: null, fault: false };
const link = { name: "eth0", sent: 4, heard: 0, others: 0, refused: [], causes: [silence] };

const codes = (change: Partial<SolitudeFacts>) =>
  causesOf({ ...facts, ...change }).map(({ code }) => code);
const first = (change: Partial<SolitudeFacts>) => causesOf({ ...facts, ...change })[0];

describe("why a node is alone", () => {
  test("is never left without an answer", () => {
    expect(codes({})).toEqual(["nobody"]);
    expect(codes({ backends: [{ ...mdns, nominations: 0 }] })).toEqual(["nobody:mdns"]);
    expect(first({ backends: [] })).toMatchObject({
      code: "no_discovery",
      mend: expect.stringContaining("--discovery auto"),
      fault: false,
    });
  });

  test("names who was seen and cannot be dialled, and the port that has to be opened there", () => {
    expect(first({ unreached: [node] })).toEqual({
      code: "unreached:10.0.0.2:8123",
      what: "a node should be at 10.0.0.2:8123 and cannot be dialled: no answer in time",
      mend: "check that it runs, and open TCP port 8123 on its machine: there, sudo tankd doctor",
      fault: true,
    });
    // Somebody answers there, so no port is closed.
    expect(first({ unreached: [{ ...node, isSilent: false }] })?.mend).toBeNull();
    // It may just have been switched off.
    expect(first({ unreached: [{ ...node, isSeen: false }] })?.fault).toBe(false);
    const many = Array.from({ length: 50 }, (_, index) => ({ ...node, at: `10.0.0.${index}:1` }));
    expect(codes({ unreached: many })).toHaveLength(3);
  });

  test("names other clusters, and puts no stranger's word into a command", () => {
    const name = "x;reboot";
    const cause = first({ foreign: [{ name, nodes: 2, backends: ["mdns"] }] });
    expect(cause?.what).toBe(
      '2 nodes of the cluster "x;reboot" seen by mdns; this one is of "tankd"',
    );
    expect(cause?.mend).not.toContain(name);
  });

  test("counts those without the secret", () => {
    expect(first({ strangers: 1 })?.what).toBe(
      "1 node is here that does not know this cluster's secret",
    );
    expect(first({ strangers: 2 })?.what).toContain("2 nodes are here that do not know");
  });

  test("tells what a backend fails of, unless its networks tell it closer", () => {
    const failed = { ...mdns, state: "failed" as const, detail: "no token" };
    expect(first({ backends: [failed] })).toMatchObject({
      what: "discovery by mdns does not work: no token",
      fault: true,
    });
    expect(codes({ backends: [{ ...failed, links: [link] }] })).toEqual(["silence:eth0"]);
  });

  test("begins with what is broken", () => {
    const backends = [
      { ...mdns, links: [link] },
      { ...mdns, name: "dns", state: "failed" as const },
    ];
    const unreached = [{ ...node, isSeen: false }];
    expect(codes({ backends, unreached })).toEqual([
      "failed:dns",
      "unreached:10.0.0.2:8123",
      "silence:eth0",
    ]);
  });
});
