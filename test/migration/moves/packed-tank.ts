import { decodeBundle } from "../../../src/migration/moves/bundle-file.ts";
import { TankPayload } from "../../../src/migration/payloads/tank.ts";
import { ENGINE_VERSION } from "../../../src/sim/index.ts";
import { SimulatedCluster } from "../../simulation/cluster.ts";
import { connectInRing } from "../../simulation/scenario.ts";

/** A tank with snapshots, a trimmed log, and transfers of all kinds, packed by its node. */
export async function packedTank() {
  const cluster = new SimulatedCluster({ seed: 5, nodes: 2, fish: 98 });
  cluster.bootAll();
  await cluster.world.run(8_000);
  await connectInRing(cluster);
  await cluster.world.run(cluster.world.nowMs + 40_000);
  const [node] = cluster.nodes;
  const row = node?.running?.tanks.list()[0]?.row;
  if (!node || !row) throw new Error("a node with a tank");
  node.host.kill();
  const { journal } = node.store;
  const payload = new TankPayload({
    nodeId: node.identity.nodeId,
    journal,
    files: node.host.disk,
    engineVersion: ENGINE_VERSION,
    hosting: {
      seal: async () => row,
      release: async () => {},
      handOver: () => Promise.reject(new Error("it stays")),
      takeOver: () => Promise.reject(new Error("nothing arrives")),
    },
  });
  // Killed, it has log entries after its newest snapshot; a sealed one has none.
  const [newest] = await journal.snapshots(row.tank_id);
  const { bytes } = await payload.seal(row.tank_id, "it moves", []);
  const whole = decodeBundle(bytes);
  const entries = whole.entries.filter(({ seq }) => seq <= (newest?.seq ?? 0));
  return { payload, journal, row, bundle: { ...whole, entries } };
}
