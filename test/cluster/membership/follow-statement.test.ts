import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import {
  type FollowStatement,
  followerIn,
  followStatementSchema,
  stateFollow,
} from "../../../src/cluster/membership/follow-statement.ts";

const worker = identityFromSeed(new Uint8Array(32).fill(1));
const mallory = identityFromSeed(new Uint8Array(32).fill(66));
const HUB = "hub-id";

const statement = stateFollow(worker, {
  hub: HUB,
  dialled: { host: "10.0.0.1", port: 8000 },
  from: { host: "10.0.0.2", port: 8000 },
  at_ms: 1_000,
});

describe("a worker's word that it follows a hub", () => {
  test("names the worker, also after the way over the wire", () => {
    expect(followerIn(statement, HUB)).toBe(worker.nodeId);
    const read = followStatementSchema.parse(JSON.parse(JSON.stringify(statement)));
    expect(followerIn(read, HUB)).toBe(worker.nodeId);
  });

  test("is no word for another hub", () => {
    expect(followerIn(statement, "other")).toBeUndefined();
    expect(followerIn({ ...statement, hub: "other" }, "other")).toBeUndefined();
  });

  const changes: readonly [string, Partial<FollowStatement>][] = [
    ["another place where the hub was dialled", { dialled: { host: "10.0.0.9", port: 8000 } }],
    ["another port", { dialled: { host: "10.0.0.1", port: 8001 } }],
    ["another source", { from: { host: "10.0.0.9", port: 8000 } }],
    ["a later time", { at_ms: 1_001 }],
    ["another key", { by: mallory.publicKey }],
    ["no signature", { signature: "" }],
    ["a signature that is no base64url", { signature: "?" }],
  ];
  test.each(changes)("proves nothing with %s", (_, change) => {
    expect(followerIn({ ...statement, ...change }, HUB)).toBeUndefined();
  });

  test("is only its own: somebody else's signature makes it his", () => {
    const { hub, dialled, from, at_ms } = statement;
    const forged = stateFollow(mallory, { hub, dialled, from, at_ms });
    expect(followerIn(forged, HUB)).toBe(mallory.nodeId);
    expect(followerIn({ ...forged, by: worker.publicKey }, HUB)).toBeUndefined();
  });
});
