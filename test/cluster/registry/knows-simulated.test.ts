import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { Lab } from "../../support/simulated/lab.ts";

const made = identityFromSeed(randomBytes(32)).nodeId;

test("a node knows those that have answered, and no key that was just made", async () => {
  const lab = new Lab(905);
  const nodes = lab.addMany(3);
  for (const node of nodes) node.start();
  await lab.until("one hub", 20_000, () => lab.agree(nodes));
  // The hub says at the next heartbeat whom it has reached.
  await lab.run(15_000);
  for (const node of nodes) {
    for (const other of nodes) expect(node.cluster.knows(other.identity.nodeId)).toBe(true);
    expect(node.cluster.knows(made)).toBe(false);
  }
});

test("under a secret it knows members, however well others answer", async () => {
  const lab = new Lab(906);
  const secret = randomBytes(32);
  const [hub, worker] = [lab.add("hub", { secret, priority: 900 }), lab.add("worker", { secret })];
  const guest = lab.add("guest", { role: "worker" });
  for (const node of [hub, worker, guest]) node.start();
  await lab.until("members agree", 20_000, () => lab.agree([hub, worker]));
  await lab.until("the guest is listed", 20_000, () => {
    return hub.cluster.server(guest.identity.nodeId) !== undefined;
  });
  await lab.run(10_000);
  for (const node of [hub, worker]) {
    expect(node.cluster.knows(hub.identity.nodeId)).toBe(true);
    expect(node.cluster.knows(worker.identity.nodeId)).toBe(true);
    expect(node.cluster.knows(guest.identity.nodeId)).toBe(false);
  }
});
