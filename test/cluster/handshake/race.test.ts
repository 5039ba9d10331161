import { describe, expect, test } from "bun:test";
import { type DialResult, failed } from "../../../src/cluster/handshake/meeting.ts";
import { raceTargets } from "../../../src/cluster/handshake/race.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

type Outcome = DialResult<string>;

interface Try {
  readonly host: string;
  readonly atMs: number;
  readonly connect: () => void;
  readonly end: (result: Outcome) => void;
}

const SILENT: Outcome = failed("no answer in time", true);

/** A race to `hosts` whose attempts do what the test says. */
function setUp(...hosts: string[]) {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "a" }).boot();
  const tries: Try[] = [];
  const result: { settled?: Outcome } = {};
  const targets = hosts.map((host) => ({ host, port: 8000 }));
  void raceTargets<string>(timers, targets, ({ host }, connect) => {
    const { promise, resolve: end } = Promise.withResolvers<Outcome>();
    tries.push({ host, atMs: world.nowMs, connect, end });
    return promise;
  }).then((settled) => {
    result.settled = settled;
  });
  const pass = (ms: number) => world.run(world.nowMs + ms);
  const nth = (index: number): Try => {
    const one = tries[index];
    if (!one) throw new Error(`there is no attempt ${index}`);
    return one;
  };
  return { world, tries, nth, pass, result };
}

describe("the addresses of a node", () => {
  test("are tried one after the other where none connects", async () => {
    const { tries, pass } = setUp("a", "b", "c");
    await pass(1_000);
    expect(tries.map(({ host, atMs }) => [host, atMs])).toEqual([
      ["a", 0],
      ["b", 250],
      ["c", 500],
    ]);
  });

  test("are not tried while one that has connected owes an answer", async () => {
    const { tries, nth, pass, result } = setUp("a", "b");
    await pass(10);
    nth(0).connect();
    await pass(1_900);
    expect(tries).toHaveLength(1);
    nth(0).end({ kind: "met", meeting: "reef" });
    await pass(1_000);
    expect(result.settled).toEqual({ kind: "met", meeting: "reef" });
    expect(tries).toHaveLength(1);
  });

  test("are tried at once when the one before fails, connected or not", async () => {
    const { tries, nth, pass } = setUp("a", "b", "c");
    await pass(10);
    nth(0).end(failed("connection refused", true));
    await pass(10);
    nth(1).connect();
    await pass(400);
    nth(1).end(failed("another one is there"));
    await pass(10);
    expect(tries.map(({ host, atMs }) => [host, atMs])).toEqual([
      ["a", 0],
      ["b", 10],
      ["c", 420],
    ]);
  });

  test("are not tried any more once one is met", async () => {
    const { tries, nth, pass, result } = setUp("a", "b", "c");
    await pass(300);
    nth(0).end({ kind: "met", meeting: "reef" });
    await pass(10);
    nth(1).end(SILENT);
    await pass(1_000);
    expect(tries).toHaveLength(2);
    expect(result.settled).toEqual({ kind: "met", meeting: "reef" });
  });

  test("all in vain: what says most is the reason", async () => {
    const { nth, pass, result } = setUp("a", "b");
    await pass(300);
    nth(0).end({ kind: "self" });
    nth(1).end(SILENT);
    await pass(10);
    expect(result.settled).toEqual({ kind: "self" });
  });

  test("and none at all is a failure", async () => {
    const { pass, result } = setUp();
    await pass(1);
    expect(result.settled).toEqual(failed("no address"));
  });
});
