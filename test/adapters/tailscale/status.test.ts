import { describe, expect, test } from "bun:test";
import { isTailnetAddress, SERVICE_ADDRESS } from "../../../src/adapters/tailscale/addresses.ts";
import { isCandidate } from "../../../src/adapters/tailscale/candidates.ts";
import { whyUnusable } from "../../../src/adapters/tailscale/state-words.ts";
import { readStatus } from "../../../src/adapters/tailscale/status.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import {
  EXPIRED,
  NEEDS_LOGIN,
  peer,
  type Recorded,
  RUNNING,
  STOPPED,
  withPeers,
} from "./recorded.ts";

/** After everything that was recorded. */
const NOW_MS = Date.parse("2026-12-01T12:00:00Z");

function read(value: unknown) {
  const status = readStatus(value);
  if (status === undefined) throw new Error("this is no status");
  return status;
}

describe("the status of tailscaled", () => {
  test("has this machine and the other devices", () => {
    const status = read(RUNNING);
    expect(status).toMatchObject({
      state: "Running",
      name: "tail-test.ts.net",
      ownName: "node-a.tail-test.ts.net",
      addresses: ["100.64.0.1", "fd7a:115c:a1e0:ab12:4843:cd96:6240:1"],
      isConnected: true,
    });
    expect(status.devices).toHaveLength(2);
    expect(status.devices[0]).toEqual({
      id: "TESTCTRL00000002",
      name: "node-b.tail-test.ts.net",
      addresses: ["100.64.0.2", "fd7a:115c:a1e0:ab12:4843:cd96:6240:2"],
      os: "linux",
      tags: [],
      isOnline: true,
      expiresMs: Date.parse("2026-12-01T04:01:42Z"),
    });
    expect(status.devices[1]?.os).toBe("iOS");
  });

  test("says in words why it is of no use", () => {
    const why = (recorded: Recorded) => whyUnusable(read(recorded), NOW_MS);
    expect(why(RUNNING)).toBeUndefined();
    expect(why(NEEDS_LOGIN)).toBe("this machine is not logged in to Tailscale: run tailscale up");
    expect(why(STOPPED)).toBe("Tailscale is stopped: run tailscale up");
    expect(why(EXPIRED)).toContain("has expired: run tailscale up");
    expect(why({ ...RUNNING, BackendState: "NeedsMachineAuth" })).toContain("approve it");
    expect(why({ ...RUNNING, BackendState: "constructor" })).toBe(
      "Tailscale is in a state not known here",
    );
  });

  test.each([
    [undefined],
    [null],
    ["Running"],
    [[]],
    [{}],
    [{ BackendState: 6 }],
    [{ BackendState: "" }],
    [{ BackendState: "x".repeat(65) }],
  ])("is not %j", (value) => {
    expect(readStatus(value)).toBeUndefined();
  });

  test("is read as far as it is sound", () => {
    const bare = { id: "100.64.0.1", name: "", os: "", tags: [], isOnline: false };
    const odd = {
      TailscaleIPs: ["100.64.0.1"],
      ID: 7,
      DNSName: {},
      OS: null,
      Tags: "x",
      Online: 1,
    };
    const status = read({
      BackendState: "Running",
      TailscaleIPs: null,
      Self: "me",
      CurrentTailnet: 5,
      Peer: { a: odd, b: null, c: [], d: { TailscaleIPs: [] }, e: { TailscaleIPs: [5] } },
    });
    expect(status).toEqual({
      state: "Running",
      name: "",
      ownName: "",
      addresses: [],
      expiresMs: undefined,
      isConnected: false,
      devices: [{ ...bare, addresses: ["100.64.0.1"], expiresMs: undefined }],
    });
    expect(read({ BackendState: "Running", Peer: [] }).devices).toEqual([]);
  });

  test("names nothing that a device cannot have as an address", () => {
    const bad = ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "100.64.0.1.evil", "<b>", ""];
    expect(read(withPeers(peer(1, { TailscaleIPs: bad }))).devices).toEqual([]);
    const [device] = read(withPeers(peer(1, { TailscaleIPs: [...bad, "100.64.9.9"] }))).devices;
    expect(device?.addresses).toEqual(["100.64.9.9"]);
    expect(read({ ...RUNNING, TailscaleIPs: bad }).addresses).toEqual([]);
  });

  test("is bounded", () => {
    const many = Array.from({ length: LIMITS.tailnetDevicesMax + 10 }, (_, index) => peer(index));
    expect(read(withPeers(...many)).devices).toHaveLength(LIMITS.tailnetDevicesMax);
  });

  test("leaves out who can reach us but not be reached", () => {
    expect(read(withPeers(peer(1, { ShareeNode: true }))).devices).toEqual([]);
  });
});

test.each([
  ["100.64.0.0", true],
  ["100.127.255.255", true],
  ["100.63.255.255", false],
  ["100.128.0.0", false],
  ["100.6.0.1", false],
  [SERVICE_ADDRESS, false],
  ["fd7a:115c:a1e0::1", true],
  ["FD7A:115C:A1E0:ab12::1", true],
  ["fd7a:115c:a1e1::1", false],
  ["fd7a:115c:a1e0:nonsense", false],
  ["pi.tail-test.ts.net", false],
])("an address of a tailnet: %s %p", (host, expected) => {
  expect(isTailnetAddress(host)).toBe(expected);
});

describe("a device that may run tankd", () => {
  const may = (change: Recorded, tags: readonly string[] = []) => {
    const [device] = read(withPeers(peer(1, change))).devices;
    return device !== undefined && isCandidate(device, tags, NOW_MS);
  };
  test.each<[string, Recorded, boolean]>([
    ["a server", {}, true],
    ["a laptop", { OS: "macOS" }, true],
    ["one that does not say what it is", { OS: "" }, true],
    ["one that is offline", { Online: false }, false],
    ["a phone", { OS: "iOS" }, false],
    ["another phone", { OS: "android" }, false],
    ["a television set", { OS: "tvOS" }, false],
    ["one whose key has expired", { Expired: true }, false],
    ["one whose key is known to have expired", { KeyExpiry: "2026-12-01T11:59:59Z" }, false],
    ["one whose key will expire", { KeyExpiry: "2026-12-01T12:00:01Z" }, true],
    ["one whose key expires some time", { KeyExpiry: "soon" }, true],
    ["an exit node that is rented", { DNSName: "se-1.mullvad.ts.net." }, false],
    ["one more of those", { Tags: ["tag:mullvad-exit-node"] }, false],
  ])("%s", (_, change, expected) => {
    expect(may(change)).toBe(expected);
  });

  test("has one of the tags that were named", () => {
    expect(may({ Tags: ["tag:tankd"] }, ["tag:tankd", "tag:pi"])).toBe(true);
    expect(may({ Tags: ["tag:web"] }, ["tag:tankd"])).toBe(false);
    expect(may({}, ["tag:tankd"])).toBe(false);
  });
});
