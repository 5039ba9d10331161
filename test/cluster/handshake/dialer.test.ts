import { describe, expect, test } from "bun:test";
import { Backoff, Dialer } from "../../../src/cluster/handshake/dialer.ts";
import { type DialResult, failed } from "../../../src/cluster/handshake/meeting.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { formatHostPort } from "../../../src/discovery/addresses.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ManualTime } from "../../support/manual-time.ts";

const at = (host: string): Address => ({ host, port: 8000 });
const MALLORY = "203.0.113.66";

interface OpenDial {
  readonly what: string;
  readonly connect: () => void;
  readonly end: (result: DialResult) => void;
}

/** A dialer whose attempts end when the test says so. */
function setUp() {
  const time = new ManualTime();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const open: OpenDial[] = [];
  const attempt = (what: string, connect: () => void = () => {}) =>
    new Promise<DialResult>((end) => {
      open.push({ what, connect, end });
    });
  const deps = { clock: time.clock, timers: time.timers, log: silentLog };
  const dialer = new Dialer(deps, {
    table,
    handshake: {
      dial: (addresses, options) =>
        attempt(addresses.map(formatHostPort).join(), options?.onConnected),
      confirm: async (nodeId, onConnected) =>
        (await attempt(`confirm ${nodeId}`, onConnected)).kind !== "failed",
    },
  });
  /** A node that somebody has named. */
  const name = (nodeId: string, source?: string) => {
    table.ensure(nodeId, source);
    table.addAddresses(nodeId, [at(`${nodeId}.example`)], "mdns");
    return nodeId;
  };
  const nameMany = (count: number, source?: string) =>
    Array.from({ length: count }, (_, index) => name(`${source ?? "n"}-${index}`, source));
  const end = async (result: DialResult = failed("no")) => {
    for (const one of open.splice(0)) one.end(result);
    await settled();
  };
  return { time, table, dialer, open, name, nameMany, end };
}

/** What waits for ended attempts has had its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

describe("one node", () => {
  test("is dialled once at a time: who asks meanwhile gets the same answer", async () => {
    const { dialer, open, name, end } = setUp();
    name("reef");
    const both = [dialer.dial("reef"), dialer.dial("reef")];
    await settled();
    expect(open.map(({ what }) => what)).toEqual(["reef.example:8000"]);
    await end({ kind: "self" });
    expect(await Promise.all(both)).toEqual([{ kind: "self" }, { kind: "self" }]);
    void dialer.dial("reef");
    await settled();
    expect(open).toHaveLength(1);
  });

  test("may be dialled again after an attempt that threw", async () => {
    const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
    table.ensure("reef");
    table.addAddresses("reef", [at("reef.example")], "mdns");
    let attempts = 0;
    const dial = async (): Promise<DialResult> => {
      attempts++;
      throw new Error("a bug");
    };
    const { clock, timers } = new ManualTime();
    const deps = { clock, timers, log: silentLog };
    const dialer = new Dialer(deps, { table, handshake: { dial, confirm: async () => true } });
    expect(dialer.dial("reef")).rejects.toThrow("a bug");
    await settled();
    expect(dialer.dial("reef")).rejects.toThrow("a bug");
    await settled();
    expect(attempts).toBe(2);
  });

  test("that nobody knows, or without an address, is not dialled", async () => {
    const { dialer, table, open } = setUp();
    table.ensure("homeless");
    for (const one of ["nobody", "homeless"]) {
      expect(await dialer.dial(one)).toMatchObject({ kind: "failed" });
    }
    expect(open).toEqual([]);
  });

  test("is asked whether it is there beside a dial of it", async () => {
    const { dialer, open, name, end } = setUp();
    name("reef");
    void dialer.dial("reef");
    const confirmed = dialer.confirm("reef");
    await settled();
    expect(open).toHaveLength(2);
    await end({ kind: "self" });
    expect(await confirmed).toBe(true);
  });
});

describe("many nodes", () => {
  test("are dialled so many at a time, and the next when one has ended", async () => {
    const { dialer, open, nameMany, end } = setUp();
    for (const one of nameMany(LIMITS.dialsMax + 5)) void dialer.dial(one);
    await settled();
    expect(open).toHaveLength(LIMITS.dialsMax);
    await end();
    expect(open).toHaveLength(5);
  });

  test("that one source has named are dialled a few at a time; the others go on", async () => {
    const { dialer, open, nameMany } = setUp();
    for (const one of nameMany(20, MALLORY)) void dialer.dial(one);
    for (const one of nameMany(5, "10.0.0.7")) void dialer.dial(one);
    await settled();
    const [named, others] = [MALLORY, "10.0.0.7"].map(
      (source) => open.filter(({ what }) => what.startsWith(source)).length,
    );
    expect([named, others]).toEqual([LIMITS.dialsPerSourceMax, LIMITS.dialsPerSourceMax]);
  });

  test("that one source names again and again are dialled at a rate", async () => {
    const { time, dialer, nameMany, end } = setUp();
    const outcomes: string[] = [];
    const dialAll = async (nodes: readonly string[]) => {
      for (const one of nodes) {
        void dialer.dial(one).then((result) => {
          outcomes.push(result.kind === "failed" ? result.reason : result.kind);
        });
        await settled();
        await end({ kind: "self" });
      }
    };
    const nodes = nameMany(100, MALLORY);
    await dialAll(nodes);
    expect(outcomes.filter((one) => one === "self")).toHaveLength(64);
    expect(outcomes.at(-1)).toBe("its source names too many nodes");
    outcomes.length = 0;
    time.pass(2_000);
    await dialAll(nodes);
    expect(outcomes.filter((one) => one === "self")).toHaveLength(10);
  });

  test("on this machine, and nodes that have answered before, have no such limits", async () => {
    const { dialer, table, open, nameMany } = setUp();
    for (const one of nameMany(8, "127.0.0.1")) void dialer.dial(one);
    for (const one of nameMany(8, MALLORY)) {
      table.update(one, { confirmedMs: 1 });
      void dialer.dial(one);
    }
    await settled();
    expect(open).toHaveLength(16);
  });

  test("where nobody has been seen leave room for those that are", async () => {
    const { dialer, open, name, end } = setUp();
    for (let index = 0; index < 100; index++) {
      void dialer.dialAt([at(`dns-${index}`)], { trusted: false, unsure: true });
    }
    void dialer.dial(name("remembered"), { unsure: true });
    await settled();
    expect(open).toHaveLength(LIMITS.dialsUnsureMax);
    void dialer.dial(name("reef"));
    await settled();
    expect(open.at(-1)?.what).toBe("reef.example:8000");
    await end();
    expect(open).toHaveLength(LIMITS.dialsUnsureMax);
  });

  test("that take no connection make room for the next, as far as there is room", async () => {
    const { time, dialer, open } = setUp();
    for (let index = 0; index < 100; index++) {
      void dialer.dialAt([at(`dns-${index}`)], { trusted: false, unsure: true });
    }
    const counts: number[] = [];
    for (let second = 0; second < 6; second++) {
      await settled();
      counts.push(open.length);
      for (const half of [500, 500]) {
        time.pass(half);
        await settled();
      }
    }
    const { dialsUnsureMax: busy, dialsSilentMax: silent } = LIMITS;
    expect(counts.slice(0, 3)).toEqual([busy, 3 * busy, 5 * busy]);
    expect(counts.at(-1)).toBe(busy + silent);
    for (const one of open.splice(0, 10)) one.end(failed("no answer in 5000 ms"));
    await settled();
    time.pass(500);
    await settled();
    expect(open).toHaveLength(busy + silent);
  });

  test("that take a connection and are slow keep their places", async () => {
    const { time, dialer, open, nameMany } = setUp();
    for (const one of nameMany(LIMITS.dialsMax + 5)) void dialer.dial(one);
    await settled();
    for (const { connect } of open) connect();
    time.pass(4_000);
    await settled();
    expect(open).toHaveLength(LIMITS.dialsMax);
  });

  test("that one source has named keep theirs in silence, too", async () => {
    const { time, dialer, open, nameMany } = setUp();
    for (const one of nameMany(20, MALLORY)) void dialer.dial(one);
    await settled();
    time.pass(4_000);
    await settled();
    expect(open).toHaveLength(LIMITS.dialsPerSourceMax);
  });

  test("that wait are bounded; one too many is told so at once", async () => {
    const { dialer } = setUp();
    for (let index = 0; index < LIMITS.nominationsMax; index++) {
      void dialer.dialAt([at(`n${index}`)], { trusted: false });
    }
    const refused = await dialer.dialAt([at("last")], { trusted: false });
    expect(refused).toEqual(failed("too many nodes wait to be dialled"));
  });
});

test("after failures the next attempt waits longer, up to a limit, and not after a success", () => {
  const backoff = new Backoff(1_000, 3_000);
  const delays: number[] = [];
  let nowMs = 0;
  for (let round = 0; round < 4; round++) {
    expect(backoff.isDue("node", nowMs)).toBe(true);
    backoff.note("node", nowMs);
    const startMs = nowMs;
    while (!backoff.isDue("node", nowMs)) nowMs += 100;
    delays.push(nowMs - startMs);
  }
  expect(delays).toEqual([1_000, 2_000, 3_000, 3_000]);
  backoff.clear("node");
  backoff.note("node", nowMs);
  expect([backoff.isDue("node", nowMs + 999), backoff.isDue("node", nowMs + 1_000)]).toEqual([
    false,
    true,
  ]);
  expect(backoff.isDue("other", nowMs)).toBe(true);
});
