import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../../src/platform/limits.ts";
import { OWN, refusal, setUp } from "./registrar-support.ts";

describe("the name of a server", () => {
  test("is never another node's id, and that leads to its owner alone", () => {
    const { register, registry } = setUp();
    register({ signer: "victim" }, { server_id: "reef" });
    expect(refusal(() => register({}, { server_id: "victim" }))).toBe("conflict");
    const { serverId } = register({ signer: "thief" }, { server_id: "victim" });
    expect(serverId).toBe("victim-thief");
    expect(registry.find("victim")?.record.node_id).toBe("victim");
  });

  test("that becomes a node's id later gives way to the node", () => {
    const { register, registry } = setUp();
    register({}, { server_id: "victim" });
    register({ signer: "victim" }, { server_id: "reef" });
    expect(registry.find("victim")?.record.node_id).toBe("victim");
  });

  test("may be changed to the beginning of the one before", () => {
    const { register } = setUp();
    expect(register({ signer: "node" }, { server_id: "reef-10" }).serverId).toBe("reef-10");
    expect(register({ signer: "node" }, { server_id: "reef-1" }).serverId).toBe("reef-1");
  });
});

test("what a hub tells of large servers comes in pages that a follower can read", () => {
  const { register, registry } = setUp();
  const tanks = Array.from({ length: LIMITS.tanksAnnouncedMax }, (_, at) => ({
    tank_id: `tank-${at}`,
    name: "\u0001".repeat(LIMITS.nameCharactersMax),
    epoch: 1,
  }));
  for (let number = 0; number < 12; number++) {
    register({ signer: `node-${number}`, source: OWN }, { server_id: `s${number}`, tanks });
  }
  const told: string[] = [];
  for (let version = 0, more = true; more; ) {
    const delta = registry.delta({ of: "boot", version });
    expect(JSON.stringify(delta).length).toBeLessThan(LIMITS.peerResponseBytesMax / 3);
    told.push(...delta.entries.map(({ key }) => key));
    ({ version, more } = delta);
  }
  expect(told).toEqual(Array.from({ length: 12 }, (_, at) => `node-${at}`));
});
