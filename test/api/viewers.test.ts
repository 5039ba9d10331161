import { expect, test } from "bun:test";
import type { ServedSocket } from "../../src/api/sockets.ts";
import { Viewers } from "../../src/api/viewers.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { FakeNode } from "./fakes.ts";

const SHARES = LIMITS.viewersMax / LIMITS.viewersPerSourceMax;

function socket(): ServedSocket {
  return { send: () => {}, waitingBytes: 0, subscribe: () => {}, close: () => {} };
}

test("viewers are bounded, and those of one address have a share", () => {
  const viewers = new Viewers(new FakeNode().context(), () => {});
  const admit = (source: string) => viewers.admit("tank-1", source);
  const [first] = Array.from({ length: LIMITS.viewersPerSourceMax }, () => admit("10.0.0.1"));
  expect(() => admit("10.0.0.1")).toThrow("viewers; watch another one");
  for (let share = 2; share <= SHARES; share++) {
    for (let n = 0; n < LIMITS.viewersPerSourceMax; n++) admit(`10.0.0.${share}`);
  }
  expect(() => admit("10.0.1.1")).toThrow("viewers; watch another one");
  expect(() => admit("127.0.0.1")).toThrow("viewers; watch another one");
  // One that never opens gives its place back, too, and only once.
  first?.onClose(1006, "");
  first?.onClose(1006, "");
  const last = admit("127.0.0.1");
  expect(() => admit("127.0.0.1")).toThrow("viewers; watch another one");
  last.onOpen(socket());
  last.onClose(1000, "");
  admit("10.0.0.1");
});

test("programs of this machine have no share: a proxy may bring everybody", () => {
  const viewers = new Viewers(new FakeNode().context(), () => {});
  for (let n = 0; n < LIMITS.viewersMax; n++) viewers.admit("tank-1", "127.0.0.1");
  expect(() => viewers.admit("tank-1", "127.0.0.1")).toThrow("viewers; watch another one");
});
