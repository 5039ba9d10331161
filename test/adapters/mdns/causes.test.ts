import { describe, expect, test } from "bun:test";
import { causesOn, type LinkFacts } from "../../../src/adapters/mdns/causes.ts";

const traffic = {
  multicasts: 12,
  unechoed: 0,
  heard: false,
  found: false,
  others: false,
  outsider: undefined,
};
const link = { name: "eth0", isLoopback: false, isWorking: true, failures: [], traffic };

/** The code, whether something is broken, and the sentences. */
function told(change: Partial<LinkFacts>) {
  return causesOn({ ...link, ...change }).map(({ code, fault, what, mend }) => ({
    code: code.replace(/^mdns_(\w+):eth0$/, "$1"),
    fault,
    words: `${what} | ${mend}`,
  }));
}

describe("why nobody is found on an interface", () => {
  test.each([
    ["its own packets do not come back", { traffic: { ...traffic, unechoed: 2 } }, "dropped_here"],
    [
      "it is in another network",
      { traffic: { ...traffic, outsider: "192.168.7.9" } },
      "other_network",
    ],
    ["nobody answers", { traffic: { ...traffic, heard: true } }, "unanswered"],
    ["nothing can be sent", { isWorking: false, failures: ["send EPERM"] }, "unusable"],
  ] as const)("something is broken: %s", (_, change, code) => {
    expect(told(change)).toMatchObject([{ code, fault: true }]);
  });

  test.each([
    ["other programs are heard", { traffic: { ...traffic, others: true } }, "only_others"],
    ["nothing is heard", {}, "silence"],
    ["there is no network", { isLoopback: true }, "no_network"],
  ] as const)("it may just be so: %s", (_, change, code) => {
    expect(told(change)).toMatchObject([{ code, fault: false }]);
  });

  test.each([
    ["a node was found", { traffic: { ...traffic, heard: true, found: true, unechoed: 2 } }],
    ["it has only just begun", { traffic: { ...traffic, multicasts: 1, unechoed: 1 } }],
    ["no socket was opened yet", { isWorking: false }],
  ] as const)("nothing is to be said: %s", (_, change) => {
    expect(told(change)).toEqual([]);
  });

  test("names the commands that mend it", () => {
    const words = (change: Partial<LinkFacts>) => told(change)[0]?.words;
    expect(words({ traffic: { ...traffic, unechoed: 2 } })).toBe(
      "not even its own packets come back on eth0: this machine drops UDP port 5353 | " +
        "open UDP port 5353 (sudo tankd doctor names the command, where a firewall is active)",
    );
    const failing = (reason: string) => words({ isWorking: false, failures: [reason] });
    expect(failing("IPv4 send EPERM")).toEndWith(
      "| allow UDP port 5353 outbound in the firewall of this machine",
    );
    expect(failing("bind EADDRINUSE")).toEndWith("sudo ss -ulpn 'sport = :5353'");
    expect(failing("send ENETUNREACH")).toEndWith("send ENETUNREACH | null");
  });
});
