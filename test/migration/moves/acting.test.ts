/** The new owner of a tank speaks for transfers that the tank has begun elsewhere. */
import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { certify } from "../../../src/migration/moves/certificate.ts";
import { LoneNode, transferOf } from "../lone-node.ts";

const former = identityFromSeed(new Uint8Array(32).fill(1));
const owner = identityFromSeed(new Uint8Array(32).fill(2));
const handover = { tank_id: "lake", move_id: "ab".repeat(16), to: owner.nodeId, epoch: 2 };
const PROOF = [certify(former, handover)];
const SOURCE = { node_id: former.nodeId, tank_id: "lake" };

describe("a transfer that its source has begun on another node", () => {
  test("is decided once, whoever asks: the former owner or the present one", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("traveller", { source: SOURCE });
    const first = await node.receive(transfer, former.nodeId);
    expect(first.body).toMatchObject({ decision: "accepted" });
    const again = await node.receive({ ...transfer, proof: PROOF }, owner.nodeId);
    expect(again.body).toEqual(first.body);
    expect(node.tanks.alive("reef").filter((fish) => fish === "traveller")).toHaveLength(1);
    const late = transferOf("latecomer", { source: SOURCE, sequence: 2, proof: PROOF });
    expect((await node.receive(late, owner.nodeId)).body).toMatchObject({ decision: "accepted" });
    const row = await node.journal.inboxRow(former.nodeId, late.transfer_id);
    expect(row).toMatchObject({ decision: "accepted", source_node_id: former.nodeId });
  });

  test.each([
    ["no proof", {}, owner.nodeId],
    ["an empty one", { proof: [] }, owner.nodeId],
    ["that of another signer", { proof: PROOF }, "somebody"],
    [
      "that of another tank",
      { proof: [certify(former, { ...handover, tank_id: "sea" })] },
      owner.nodeId,
    ],
    ["one it has signed itself", { proof: [certify(owner, handover)] }, owner.nodeId],
    ["a forged one", { proof: PROOF.map((one) => ({ ...one, epoch: 9 })) }, owner.nodeId],
  ] as const)("with %s nothing is decided", async (_, change, signer) => {
    const node = await new LoneNode().start();
    const proof = "proof" in change ? { proof: [...change.proof] } : {};
    const transfer = transferOf("traveller", { source: SOURCE, ...proof });
    expect((await node.receive(transfer, signer)).status).toBe(403);
    const { entity_type: _t, side: _s, record: _r, ...abort } = transfer;
    expect((await node.abort(abort, signer)).status).toBe(403);
    expect(await node.journal.inboxRows(transfer.transfer_id)).toEqual([]);
  });
});
