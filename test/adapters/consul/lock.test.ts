import { describe, expect, test } from "bun:test";
import { Lock } from "../../../src/adapters/consul/lock.ts";
import { ConsulWorld } from "./set-up.ts";

const { signal } = new AbortController();

function setUp() {
  const consul = new ConsulWorld();
  const { process, agent, wire } = consul.machine("a");
  const holder = { node_id: "a", boot: "b1" };
  const lock = new Lock(agent, { clock: process.clock, key: "k", holder });
  const now = { wallMs: process.clock.wallMs(), monotonicMs: process.clock.monotonicMs() };
  return { consul, lock, wire, now };
}

describe("a lock", () => {
  test("is held from before its session was asked for, as long as both are ours", async () => {
    const { consul, lock, now } = setUp();
    expect(await lock.acquire(signal)).toEqual(now);
    expect(await lock.confirm(signal)).toEqual(now);
    consul.double.locks.delete("k");
    expect(await lock.confirm(signal)).toBeUndefined();
    expect(await lock.acquire(signal)).toEqual(now);
    await lock.giveBack(signal);
    expect(await lock.confirm(signal)).toBeUndefined();
    expect(lock.session).toBeUndefined();
  });

  test("is lost with its session, also where the key does not show it yet", async () => {
    const { lock, wire } = setUp();
    await lock.acquire(signal);
    wire.tamper = ({ path }, reply) =>
      path.includes("/renew/") ? { ...reply, status: 404, body: "" } : reply;
    expect(await lock.confirm(signal)).toBeUndefined();
    expect(lock.session).toBeUndefined();
  });

  test("of somebody else costs no session; after a forced end it is delayed", async () => {
    const { consul, lock } = setUp();
    const { locks } = consul.double;
    const other = locks.create("{}");
    locks.put("k", "x", 0n, { kind: "acquire", session: other });
    expect(await lock.acquire(signal)).toBe("taken");
    expect(locks.sessionIds).toEqual([other]);
    locks.destroy(other);
    expect(await lock.acquire(signal)).toBe("delayed");
  });

  test("is not held where Consul answers neither true nor false", async () => {
    for (const body of ["", "null", '"true"', "1", "{}"]) {
      const { lock, wire } = setUp();
      wire.tamper = ({ path }, reply) => (path.includes("acquire=") ? { ...reply, body } : reply);
      expect(lock.acquire(signal)).rejects.toThrow("answers with no true or false");
    }
  });
});
