import { describe, expect, test } from "bun:test";
import { GivenHubs } from "../../../src/cluster/handshake/given-hubs.ts";
import { failed } from "../../../src/cluster/handshake/meeting.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { DEFAULTS } from "../../support/simulated/lab-node.ts";

const REEF: Address = { host: "reef.example", port: 8000 };
const POND: Address = { host: "pond.example", port: 8000 };
const MINUTE_MS = 60_000;

function setUp(...hubs: readonly Address[]) {
  const time = { nowMs: 0 };
  const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const given = new GivenHubs({ clock, log: silentLog, settings: { ...DEFAULTS, hubs } });
  return { time, given };
}

describe("a hub that was given by URL", () => {
  test("is given way to by the node that answers there, and by nobody else", () => {
    const { given } = setUp(REEF);
    expect(given.defersTo("hub")).toBe(false);
    given.answered(REEF, "hub");
    expect([given.defersTo("hub"), given.defersTo("other")]).toEqual([true, false]);
    expect([given.includes("hub"), given.includes("other")]).toEqual([true, false]);
  });

  test("that was rebuilt with a new key is the new one, once the old one is long gone", () => {
    const { time, given } = setUp(REEF);
    given.answered(REEF, "old");
    time.nowMs = 11 * MINUTE_MS;
    given.answered(REEF, "new");
    expect([given.defersTo("old"), given.defersTo("new")]).toEqual([false, true]);
  });

  test("stays the one it was while it is silent", () => {
    const { time, given } = setUp(REEF);
    given.answered(REEF, "hub");
    time.nowMs = 60 * MINUTE_MS;
    expect(given.defersTo("hub")).toBe(true);
  });

  test("means nothing for an address that was not given", () => {
    const { given } = setUp(REEF);
    given.answered(POND, "hub");
    expect([given.defersTo("hub"), given.includes("hub"), given.has(POND)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("while the node ran, and is taken back, is given way to no more", () => {
    const { given } = setUp();
    given.join(REEF);
    given.answered(REEF, "hub");
    given.join(REEF);
    expect(given.defersTo("hub")).toBe(true);
    given.unjoin(REEF);
    expect([given.defersTo("hub"), given.addresses()]).toEqual([false, []]);
  });

  test("by the settings stays, whatever is joined and taken back", () => {
    const { given } = setUp(REEF);
    given.join(REEF);
    given.join(POND);
    given.unjoin(REEF);
    expect(given.addresses()).toEqual([REEF, POND]);
    given.unjoinAll();
    expect(given.addresses()).toEqual([REEF]);
  });
});

describe("a URL that stands for several nodes", () => {
  test("is a pool, and in a pool nobody gives way", () => {
    const { given } = setUp(REEF);
    given.answered(REEF, "one");
    given.answered(REEF, "two");
    expect([given.defersTo("one"), given.defersTo("two")]).toEqual([false, false]);
    expect([given.includes("one"), given.includes("two")]).toEqual([true, true]);
  });

  test("so is one at which this node itself answers", () => {
    const { given } = setUp(REEF);
    given.answered(REEF, "one");
    given.noteOwn(REEF);
    expect(given.defersTo("one")).toBe(false);
  });

  test("does not spoil another URL, which stands for one", () => {
    const { given } = setUp(REEF, POND);
    given.answered(REEF, "one");
    given.answered(REEF, "two");
    given.answered(POND, "hub");
    expect([given.defersTo("one"), given.defersTo("hub")]).toEqual([false, true]);
  });

  test("is remembered of a few nodes only", () => {
    const { given } = setUp(REEF);
    for (let index = 0; index < 100; index++) given.answered(REEF, `n${index}`);
    const known = Array.from({ length: 100 }, (_, index) => `n${index}`).filter((one) =>
      given.includes(one),
    );
    expect(known).toEqual(["n96", "n97", "n98", "n99"]);
  });
});

describe("hubs that were given are waited for", () => {
  const silence = failed("connection refused", true);

  test("until somebody has answered, if only to refuse", () => {
    const { given } = setUp(REEF);
    expect(given.isAwaited()).toBe(true);
    given.note(REEF, silence);
    expect(given.isAwaited()).toBe(true);
    given.note(REEF, failed("it refuses: another protocol"));
    expect(given.isAwaited()).toBe(false);
    given.note(REEF, { kind: "foreign", cluster: "other" });
    expect(given.isAwaited()).toBe(false);
  });

  test("while one of several may still come, but not once any has brought a node", () => {
    const { given } = setUp(REEF, POND);
    given.note(REEF, failed("it refuses"));
    expect(given.isAwaited()).toBe(true);
    given.answered(REEF, "hub");
    expect(given.isAwaited()).toBe(false);
  });

  test("not where this node is the one that was given, nor where none was", () => {
    const { given } = setUp(REEF, POND);
    given.noteOwn(REEF);
    expect(given.isAwaited()).toBe(false);
    expect(setUp().given.isAwaited()).toBe(false);
  });
});
