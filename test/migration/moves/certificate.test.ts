import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import {
  type Certificate,
  certify,
  isGenuine,
  isProof,
  merged,
  pathFrom,
} from "../../../src/migration/moves/certificate.ts";
import { Owners } from "../../../src/migration/moves/owners.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";

const [a, b, c] = [1, 2, 3].map((seed) => identityFromSeed(new Uint8Array(32).fill(seed)));
if (!a || !b || !c) throw new Error("three nodes");
const TANK = "reef";
const MOVE = "ab".repeat(16);

function given(from: typeof a, to: typeof a, epoch: number): Certificate {
  if (!from || !to) throw new Error("two nodes");
  return certify(from, { tank_id: TANK, move_id: MOVE, to: to.nodeId, epoch });
}

const WAY = [given(a, b, 2), given(b, c, 3)];

describe("a certificate", () => {
  test("is genuine as its owner has signed it, and with no other word in it", () => {
    const one = given(a, b, 2);
    expect(isGenuine(one)).toBe(true);
    const changes = [
      { tank_id: "pond" },
      { to: c.nodeId },
      { epoch: 3 },
      { move_id: "cd".repeat(16) },
      { from: c.nodeId },
      { key: c.publicKey },
      { from: c.nodeId, key: c.publicKey },
    ];
    for (const change of changes) expect(isGenuine({ ...one, ...change })).toBe(false);
  });

  test("leads on to the owner, by the last word of each", () => {
    const tos = (path: readonly Certificate[]) => path.map(({ to }) => to);
    expect(tos(pathFrom(WAY, a.nodeId))).toEqual([b.nodeId, c.nodeId]);
    expect(tos(pathFrom(WAY, c.nodeId))).toEqual([]);
    const back = [...WAY, given(c, a, 4)];
    expect(tos(pathFrom(back, b.nodeId))).toEqual([c.nodeId, a.nodeId]);
    // What it has given away before it came back does not lead on from there.
    expect(tos(pathFrom(back, a.nodeId))).toEqual([b.nodeId, c.nodeId, a.nodeId]);
    const again = [...back, given(a, c, 5)];
    expect(tos(pathFrom(again, a.nodeId))).toEqual([c.nodeId]);
    expect(merged(WAY, [given(a, c, 5)])).toHaveLength(2);
  });

  test("proves whom a node acts for: all the way, for that tank, signed by each", () => {
    const of = { tankId: TANK, from: a.nodeId, to: c.nodeId };
    expect(isProof(WAY, of)).toBe(true);
    expect(isProof([], of)).toBe(false);
    expect(isProof(WAY.slice(0, 1), of)).toBe(false);
    expect(isProof(WAY.slice(1), of)).toBe(false);
    expect(isProof(WAY, { ...of, to: b.nodeId })).toBe(false);
    expect(isProof(WAY, { ...of, tankId: "pond" })).toBe(false);
    const forged = { ...given(b, c, 3), from: a.nodeId };
    expect(isProof([forged], of)).toBe(false);
  });
});

describe("who follows a tank", () => {
  test("believes only the words of the node it was on", () => {
    const owners = new Owners("here");
    expect(owners.learn(TANK, a.nodeId, [given(b, c, 3)])).toBe(false);
    expect(owners.learn(TANK, a.nodeId, [{ ...given(a, b, 2), to: c.nodeId }])).toBe(false);
    expect(owners.learn(TANK, a.nodeId, "nonsense")).toBe(false);
    expect(owners.whereIs(TANK, a.nodeId)).toBe(a.nodeId);
    expect(owners.learn(TANK, a.nodeId, WAY)).toBe(true);
    expect(owners.whereIs(TANK, a.nodeId)).toBe(c.nodeId);
    expect(owners.whereIs("pond", a.nodeId)).toBe(a.nodeId);
    expect(owners.learn(TANK, a.nodeId, WAY.slice(0, 1))).toBe(false);
  });

  test("a former owner knows it after a restart, until the tank comes back", async () => {
    const journal = new MemoryJournal();
    const row = {
      tank_id: TANK,
      epoch: 2,
      node_id: b.nodeId,
      certificates: JSON.stringify(WAY.slice(0, 1)),
      moved_at: 0,
    };
    await journal.commit([{ put: "moved_tank", row }]);
    const owners = new Owners(a.nodeId);
    expect(owners.loaded).toBe(false);
    await owners.load(journal);
    expect(owners.loaded).toBe(true);
    expect(owners.departed(TANK)).toMatchObject({ nodeId: b.nodeId, epoch: 2 });
    expect(owners.proofFor(TANK, a.nodeId)).toBeUndefined();
    // Others have shown where it went from there.
    owners.learn(TANK, a.nodeId, WAY);
    expect(owners.departed(TANK)).toMatchObject({ nodeId: c.nodeId, epoch: 3 });
    const certificates = JSON.stringify([...WAY, given(c, a, 4)]);
    owners.note({ ...row, epoch: 4, node_id: a.nodeId, certificates });
    expect(owners.departed(TANK)).toBeUndefined();
    expect(owners.proofFor(TANK, b.nodeId)).toHaveLength(2);
  });
});
