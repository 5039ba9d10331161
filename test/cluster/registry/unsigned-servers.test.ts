import { describe, expect, test } from "bun:test";
import { registrationSchema } from "../../../src/cluster/registry/registration-messages.ts";
import { unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";
import { heardPingReplySchema } from "../../../src/cluster/wire.ts";
import { PONG } from "../membership/support.ts";
import { INTERVAL_MS, OWN, refusal, setUp } from "./registrar-support.ts";

const OWNER = { source: "10.0.0.9" };
const KEY = unsignedKey("reef");

/** A server that one worker has brought, and another worker, both confirmed. */
function brought() {
  const cluster = setUp();
  const { register, peers } = cluster;
  for (const nodeId of ["worker", "other"]) {
    register({ signer: nodeId, source: `10.0.1.${nodeId.length}` }, { server_id: nodeId });
    peers.update(nodeId, { confirmedMs: 0, dialled: { outcome: "ok", startedMs: 0 } });
  }
  register({ ...OWNER, via: "worker" }, { version: "1" });
  return cluster;
}

describe("the name of a server without a key", () => {
  test.each(["a::b", "::", "a\nb", "a\u001b[2J", "a\u202eb"])("cannot be %j", (server_id) => {
    const { register, registry } = setUp();
    expect(refusal(() => register(OWNER, { server_id }))).toBe("invalid");
    expect(refusal(() => register({ controlled: true }, { server_id }))).toBe("invalid");
    expect(registry.entries()).toEqual([]);
  });

  test.each(["tank-server-1", "Tank World: 10.0.0.2:8000", "aquário/3 (été)", "a:b"])(
    "can be %j",
    (server_id) => {
      const { register } = setUp();
      expect(register(OWNER, { server_id })).toMatchObject({ status: "registered" });
    },
  );
});

describe("a server that a worker has brought", () => {
  test("is kept alive, and not changed, by the word of another worker", () => {
    const { register, beat, registry, time } = brought();
    time.nowMs = INTERVAL_MS;
    const forged = { port: 6666, heartbeat_interval: 1, world_count: 99, tags: ["mine"] };
    const outcome = register({ ...OWNER, via: "other" }, forged);
    expect(outcome).toMatchObject({ status: "registered", intervalMs: INTERVAL_MS });
    beat({ ...OWNER, via: "other" }, forged);
    const { record, via, lastSeenMs } = registry.get(KEY) ?? {};
    expect(record).toMatchObject({ port: 8000, world_count: 0, tags: [] });
    expect([via, lastSeenMs]).toEqual(["worker", INTERVAL_MS]);
  });

  test("is changed by the worker that brings it, and by its own word", () => {
    const { register, registry } = brought();
    register({ ...OWNER, via: "worker" }, { version: "2" });
    expect(registry.get(KEY)?.record.version).toBe("2");
    register(OWNER, { version: "3" });
    expect(registry.get(KEY)).toMatchObject({ via: undefined, record: { version: "3" } });
  });

  test("goes over to another worker once the first brings nothing any more", () => {
    const { register, registry, time } = brought();
    for (const share of [1, 2, 3]) {
      time.nowMs = share * INTERVAL_MS;
      register({ ...OWNER, via: "other" }, { version: "2" });
    }
    expect(registry.get(KEY)).toMatchObject({ via: "other", record: { version: "2" } });
  });
});

describe("a server that the operator registers", () => {
  const operator = { controlled: true, source: OWN };

  test("by a name belongs to whoever speaks for it first", () => {
    const { register, beat, registry } = setUp();
    register({ ...operator, named: "tw.lan" }, { host: "tw.lan" });
    expect(registry.get(KEY)).toMatchObject({ source: undefined, record: { host: "tw.lan" } });
    expect(refusal(() => beat(OWNER))).toBeUndefined();
    expect(refusal(() => beat({ source: "10.0.0.66" }))).toBe("conflict");
  });

  test("by its IP belongs to that; the operator may correct it", () => {
    const { register, beat, registry } = setUp();
    register({ ...operator, named: "10.0.0.2" });
    expect(refusal(() => beat(OWNER))).toBe("conflict");
    expect(refusal(() => register({ ...operator, named: OWNER.source }))).toBeUndefined();
    expect(registry.get(KEY)?.record.host).toBe(OWNER.source);
    expect(refusal(() => beat(OWNER))).toBeUndefined();
  });
});

describe("what followers could not read does not get onto the list", () => {
  const resources = Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`r${at}`, at]));
  const hardware = { logical_cpus: 8, hardware_model: "x" };

  test.each([
    ["more resources than there may be, with what the hardware adds", { resources, ...hardware }],
    ["a record of twenty kilobytes", { metadata: { note: "\u0001".repeat(3_000) } }],
    ["an interval of a millisecond", { heartbeat_interval: 0.001 }],
  ])("%s", (_, body) => {
    const { register, registry } = setUp();
    expect(refusal(() => register(OWNER, body))).toBe("invalid");
    expect(registry.entries()).toEqual([]);
  });

  test("a number of tanks that is not exact", () => {
    const { error } = registrationSchema.safeParse({ server_id: "reef", tank_count: 1e300 });
    expect(error?.issues[0]?.path).toEqual(["tank_count"]);
  });

  test("and one entry that cannot be read leaves the others of an answer", () => {
    const { register, registry } = setUp();
    register(OWNER);
    register(OWNER, { server_id: "second" });
    const delta = registry.delta({ of: null, version: 0 });
    const [first, second] = delta.entries;
    const spoilt = { ...first, record: { ...first?.record, tank_count: -1 } };
    const told = { ...delta, entries: [spoilt, second] };
    const heard = heardPingReplySchema.parse({ ...PONG.reply, registry: told });
    const keys = heard.registry?.entries.map(({ key }) => key);
    expect(keys).toEqual([unsignedKey("second")]);
  });
});

test("a server without a key has no tanks that anybody could travel to", () => {
  const { register, registry } = setUp();
  register(OWNER, { tanks: [{ tank_id: "t", name: "t", epoch: 1 }] });
  expect(registry.get(KEY)?.tanks).toEqual([]);
});
