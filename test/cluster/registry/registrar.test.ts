import { describe, expect, test } from "bun:test";
import {
  entryFromText,
  entryToText,
  unsignedKey,
} from "../../../src/cluster/registry/registry-entry.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { from, INTERVAL_MS, OWN, refusal, SECOND, setUp } from "./registrar-support.ts";

describe("the owner of a server without a key", () => {
  test("is kept over a restart; its name is free only after it had time to speak", () => {
    const before = setUp();
    before.register({});
    const stored = before.registry.get(unsignedKey("reef"));
    if (!stored) throw new Error("it is listed");
    const { registry, register, beat, time } = setUp();
    const entry = entryFromText(entryToText(stored), 0);
    if (!entry) throw new Error("it can be read");
    registry.restore(entry);
    expect(registry.find("reef")?.status).toBe("offline");
    const thief = { source: "10.0.0.66" };
    expect(refusal(() => beat(thief))).toBe("conflict");
    time.nowMs = 3 * INTERVAL_MS - 1;
    expect(refusal(() => register(thief))).toBe("conflict");
    time.nowMs = 3 * INTERVAL_MS;
    expect(refusal(() => register(thief))).toBeUndefined();
    expect(refusal(() => beat({}))).toBe("conflict");
    expect(registry.find("reef")).toMatchObject({ status: "online", source: "10.0.0.66" });
  });

  test("is one machine, whatever address of its IPv6 network it speaks from", () => {
    const { register, beat } = setUp();
    register({ source: "2001:db8:1:2::a" });
    expect(refusal(() => beat({ source: "2001:db8:1:2:ffff::b" }))).toBeUndefined();
    expect(refusal(() => beat({ source: "2001:db8:1:3::a" }))).toBe("conflict");
  });
});

describe("where a server without a key is shown", () => {
  test.each([
    ["10.0.0.9", "10.0.0.2", "10.0.0.9"],
    [OWN, SECOND, SECOND],
    [OWN, "127.0.0.1", OWN],
    [OWN, "10.0.0.2", OWN],
  ])("speaking from %s as %s: at %s", (source, host, shown) => {
    const { register, registry } = setUp();
    register({ source }, { host });
    expect(registry.find("reef")?.record.host).toBe(shown);
  });
});

describe("a heartbeat", () => {
  test("with a whole record refreshes all of it; without one only the figures", () => {
    const { registry, beat, registrar } = setUp();
    beat({}, { version: "1" });
    beat({}, { version: "2", world_count: 3 });
    expect(registry.find("reef")?.record).toMatchObject({ version: "2", world_count: 3 });
    registrar.beat("reef", { version: "3", world_count: 4 }, from({}), INTERVAL_MS);
    expect(registry.find("reef")?.record).toMatchObject({ version: "2", world_count: 4 });
  });

  test("of another name, or that names a node and is not signed, registers nobody", () => {
    const { registry, beat, nominated } = setUp();
    expect(refusal(() => beat({}, { server_id: "other" }))).toBe("unknown_server");
    expect(refusal(() => beat({}, { node_id: "node" }))).toBe("unknown_server");
    expect(registry.entries()).toEqual([]);
    expect(nominated).toEqual([]);
  });
});

describe("a node that is named by somebody else", () => {
  test("is dialled at what is named, with who has named it, and is not listed", () => {
    const { register, nominated, registry } = setUp();
    const addresses = [{ host: "10.0.0.3", port: 1 }];
    const outcome = register({}, { node_id: "node", addresses });
    expect(outcome).toMatchObject({ status: "confirming", serverId: "reef" });
    const declared = { host: "10.0.0.2", port: 8000 };
    expect(nominated).toEqual([["node", [declared, ...addresses], "10.0.0.9"]]);
    expect(registry.entries()).toEqual([]);
  });

  test("is dialled exactly where the operator says", () => {
    const { register, nominated } = setUp();
    const addresses = [{ host: "10.0.0.3", port: 1 }];
    register({ controlled: true }, { node_id: "node", host: "127.0.0.1", addresses });
    expect(nominated).toEqual([["node", [{ host: "127.0.0.1", port: 8000 }], undefined]]);
  });

  test("is left alone when it is known and here", () => {
    const { register, nominated, peers } = setUp();
    register({ signer: "node" });
    peers.update("node", { confirmedMs: 0 });
    nominated.length = 0;
    expect(register({}, { node_id: "node", server_id: "x" })).toMatchObject({
      status: "registered",
      serverId: "reef",
    });
    expect(nominated).toEqual([]);
  });

  test("is never this one", () => {
    const { register } = setUp();
    expect(refusal(() => register({}, { node_id: "self" }))).toBe("invalid");
    expect(refusal(() => register({ controlled: true }, { node_id: "self" }))).toBe("invalid");
  });
});

describe("where a node that has signed is dialled", () => {
  test("includes where it speaks from; loopback only for this very machine", () => {
    const { register, nominated } = setUp();
    const addresses = [{ host: "127.0.0.1", port: 9 }];
    register({ signer: "far" }, { addresses });
    register({ signer: "near", source: OWN }, { addresses });
    expect(nominated).toEqual([
      ["far", [{ host: "10.0.0.9", port: 8000 }], "10.0.0.9"],
      ["near", [...addresses, { host: OWN, port: 8000 }], OWN],
    ]);
  });

  test("does not widen by the word of who has passed it on", () => {
    const { register, nominated } = setUp();
    const addresses = [
      { host: "127.0.0.1", port: 9 },
      { host: "10.0.0.4", port: 9 },
    ];
    register({ signer: "node", source: OWN, via: "worker" }, { addresses });
    expect(nominated).toEqual([["node", [{ host: "10.0.0.4", port: 9 }], OWN]]);
  });
});

describe("limits", () => {
  test("hold for one address, signed or not, but not for this machine and confirmed nodes", () => {
    const { register, peers } = setUp();
    const bring = (number: number, source: string) => {
      const signer = number % 2 === 0 ? `node-${number}` : undefined;
      return register({ source, signer }, { server_id: `s${number}` });
    };
    for (let number = 0; number < LIMITS.serversPerAddressMax; number++) bring(number, "10.0.0.9");
    expect(refusal(() => bring(1_000, "10.0.0.9"))).toBe("too_many");
    expect(refusal(() => bring(1_001, "10.0.0.9"))).toBe("too_many");
    expect(refusal(() => bring(0, "10.0.0.9"))).toBeUndefined();
    peers.update("node-2", { confirmedMs: 0 });
    expect(refusal(() => bring(1_001, "10.0.0.9"))).toBeUndefined();
    for (let number = 2_000; number < 2_300; number++) bring(number, OWN);
  });
});

describe("under a secret", () => {
  test("a node without it is listed as a stranger, never leads, forwards nothing", () => {
    const { register, registry, peers } = setUp((nodeId) => nodeId !== "stranger");
    const standing = { priority: 9, may_claim: true };
    register({ signer: "stranger" }, { standing });
    register({ signer: "member" }, { standing });
    expect(registry.get("stranger")).toMatchObject({ mayClaim: false, record: { member: false } });
    // The name is the member's.
    expect(registry.find("reef")?.key).toBe("member");
    for (const via of ["stranger", "member"]) {
      peers.update(via, { confirmedMs: 0, dialled: { outcome: "ok", startedMs: 0 } });
      const reply = refusal(() => register({ via }, { server_id: `by-${via}` }));
      expect(reply).toBe(via === "member" ? undefined : "not_trusted");
    }
  });
});
