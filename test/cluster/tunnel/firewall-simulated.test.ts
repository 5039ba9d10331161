import { describe, expect, test } from "bun:test";
import { CONNECT_TIMEOUT_MS } from "../../../src/cluster/peers/peer-client.ts";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

/** A handshake that tries all ways, and the request itself, when nothing is lost. */
const RELAYED_MS = 1_500;

/** A hub and two workers that everybody can dial, but the first worker not the second. */
async function divided(seed: number, refusal: "silence" | "refusal") {
  const lab = new Lab(seed);
  const [hub, asker, host] = lab.addMany(3);
  if (!hub || !asker || !host) throw new Error("three were asked for");
  for (const node of lab.nodes) node.start();
  await lab.until("one hub", 20_000, () => lab.agree(lab.nodes));
  await lab.run(5_000);
  const allow = lab.world.network.forbidDialling([asker.host], [host.host], refusal);
  return { lab, asker, host, allow };
}

/** How long one call takes; throws where it has no answer. */
async function asked(lab: Lab, from: LabNode, to: LabNode): Promise<number> {
  let outcome = "";
  const { nowMs } = lab.world;
  void from.cluster.call(to.identity.nodeId, "GET", "/api/servers/local").then(
    ({ status }) => {
      outcome = `status ${status}`;
    },
    (error: unknown) => {
      outcome = String(error);
    },
  );
  await lab.until("an answer or none", 30_000, () => outcome !== "");
  expect(outcome).toBe("status 200");
  return lab.world.nowMs - nowMs;
}

describe("a node that a firewall keeps from dialling another one", () => {
  test.each(["silence", "refusal"] as const)("by %s asks through its hub", async (refusal) => {
    const { lab, asker, host } = await divided(431, refusal);
    expect(await asked(lab, asker, host)).toBeLessThan(CONNECT_TIMEOUT_MS + RELAYED_MS);
    // It remembers.
    for (let round = 0; round < 3; round++) {
      expect(await asked(lab, asker, host)).toBeLessThan(RELAYED_MS);
    }
  });

  test("dials again once the firewall is gone", async () => {
    const { lab, asker, host, allow } = await divided(432, "silence");
    await asked(lab, asker, host);
    const reachable = () => asker.cluster.server(host.identity.nodeId)?.reachable;
    expect(reachable()).toBe(false);
    allow();
    await lab.run(31_000);
    await asked(lab, asker, host);
    await lab.until("dialled", 2_000, () => reachable() === true);
  });
});
